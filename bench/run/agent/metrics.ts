import { setImmediate as turn } from "node:timers/promises";
import { messageOf } from "../../../lib/errors.ts";
import { HttpConnection } from "../../../clients/transport/http.ts";
import type { Security } from "../../../clients/security.ts";
import { addedBetween, serverTotals } from "./tf-serving-metrics.ts";
import type { ServerReading } from "./protocol.ts";

const TIMEOUT_MS = 3000;
/** A place that did not answer is left alone for so long: a port behind a firewall must not slow every visit down. */
const PAUSE_MS = 60_000;

/** Where a server tells its metrics. */
export interface MetricsPlace {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** What the port asks of its clients; absent: in the clear. */
  readonly security?: Security | undefined;
}

/** Looks at servers' own metrics, over connections of its own: none of them carries a measured call. */
export interface MetricsReader {
  /** Takes a first look; the function that comes back takes the second, and says what was added. Neither ever throws. */
  look(place: MetricsPlace, model: string, protocol: "grpc" | "rest"): Promise<() => Promise<ServerReading>>;
  close(): Promise<void>;
}

/** A reader over HTTP. Pages are only kept between the two looks, and read after the second: no work lies near a call. */
export function metricsReader(now: () => number = () => performance.now()): MetricsReader {
  const connections = new Map<string, HttpConnection>();
  const silent = new Map<string, { readonly until: number; readonly unread: string }>();

  async function page({ address, port, path, security }: MetricsPlace): Promise<Buffer | { unread: string }> {
    const key = `${address}:${port}`;
    const pause = silent.get(key);
    if (pause !== undefined && now() < pause.until) return { unread: pause.unread };
    const connection = connections.get(key) ?? new HttpConnection(address, port, security);
    connections.set(key, connection);
    try {
      await connection.ready(TIMEOUT_MS);
      const answer = await connection.exchange("GET", path, null, TIMEOUT_MS);
      return answer.status === 200 ? answer.body : { unread: `${path}: HTTP ${answer.status}` };
    } catch (error) {
      connections.delete(key);
      await connection.close().catch(() => {});
      const unread = `${path}: ${messageOf(error)}`;
      silent.set(key, { until: now() + PAUSE_MS, unread });
      return { unread };
    }
  }

  return {
    async look(place, model, protocol) {
      const first = await page(place);
      await turn();
      return async () => {
        const second = await page(place);
        if (!Buffer.isBuffer(first)) return first;
        if (!Buffer.isBuffer(second)) return second;
        const [before, after] = [first, second].map((b) => serverTotals(b.toString("utf8"), model, protocol)) as [
          ReturnType<typeof serverTotals>,
          ReturnType<typeof serverTotals>,
        ];
        return {
          requests: addedBetween(before.requests, after.requests),
          runs: addedBetween(before.runs, after.runs),
        };
      };
    },
    async close() {
      await Promise.all([...connections.values()].map((c) => c.close().catch(() => {})));
      connections.clear();
    },
  };
}
