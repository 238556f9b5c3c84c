import { setImmediate as turn } from "node:timers/promises";
import type { Api, ServerTotals, Total } from "../../../clients/client.ts";
import { APIS, apiNamed } from "../../../clients/registry.ts";
import type { Security } from "../../../clients/security.ts";
import { HttpConnection } from "../../../clients/transport/http.ts";
import { messageOf } from "../../../lib/errors.ts";
import { allPorts, type ServerReading, type VisitMessage } from "./protocol.ts";

const TIMEOUT_MS = 3000;
/** A page of metrics has some hundred kilobytes; a larger one is given up. */
const LARGEST_PAGE_BYTES = 2 ** 24;
/** A port that did not answer is not asked again for so long: one behind a firewall must not slow every visit down. */
const PAUSE_MS = 60_000;

/** A page of a server's own metrics, and what its port asks of clients (undefined: in the clear). */
export type MetricsPage = Omit<NonNullable<VisitMessage["metrics"]>, "security"> & {
  readonly address: string;
  readonly security?: Security | undefined;
};

/** Reads servers' own metrics, over connections of its own: none of them carries a measured call. */
export interface MetricsReader {
  /** Reads a page of each container; the function that comes back reads them again, and says what was added for a model. Neither ever throws. */
  read(page: MetricsPage, model: string): Promise<() => Promise<ServerReading>>;
  close(): Promise<void>;
}

/**
 * A reader over HTTP. Texts are only kept between the two readings, and understood after the second: no work lies near a call.
 *
 * @param now monotonic clock, milliseconds
 */
export function metricsReader(apis: readonly Api[] = APIS, now: () => number = () => performance.now()): MetricsReader {
  const connections = new Map<string, HttpConnection>();
  const silent = new Map<string, { readonly until: number; readonly unread: string }>();

  async function textOf({ address, port, path, security }: MetricsPage): Promise<Buffer | { unread: string }> {
    const key = `${address}:${port}`;
    const pause = silent.get(key);
    if (pause !== undefined && now() < pause.until) return { unread: pause.unread };
    const connection = connections.get(key) ?? new HttpConnection(address, port, security);
    connection.largestAnswerBytes = LARGEST_PAGE_BYTES;
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

  const textsOf = (page: MetricsPage) => Promise.all(allPorts(page).map((port) => textOf({ ...page, port })));

  return {
    async read(page, model) {
      const totalsOf = apiNamed(page.api, apis)?.metrics;
      const unread = `${page.path}: no metrics of API "${page.api}" are known here`;
      if (totalsOf === undefined) return () => Promise.resolve({ unread });
      const before = await textsOf(page);
      await turn();
      return async () => {
        const added: ServerTotals[] = [];
        for (const [i, second] of (await textsOf(page)).entries()) {
          const first = before[i] ?? { unread };
          if (!Buffer.isBuffer(first)) return first;
          if (!Buffer.isBuffer(second)) return second;
          const totals = (text: Buffer) => totalsOf(text.toString("utf8"), model, page.protocol);
          added.push(addedBetween(totals(first), totals(second)));
        }
        return added.reduce(sumOf);
      };
    },
    async close() {
      await Promise.all([...connections.values()].map((c) => c.close().catch(() => {})));
      connections.clear();
    },
  };
}

/** What two containers of one server have told, together. */
function sumOf(a: ServerTotals, b: ServerTotals): ServerTotals {
  const sum = (x: Total, y: Total): Total => ({
    count: x.count + y.count,
    sumMs: x.sumMs + y.sumMs,
    stepMs: Math.max(x.stepMs, y.stepMs),
  });
  return {
    requests: sum(a.requests, b.requests),
    runs: sum(a.runs, b.runs),
    ...(a.queue && b.queue && { queue: sum(a.queue, b.queue) }),
  };
}

/** What was added between two readings. */
export function addedBetween(before: ServerTotals, after: ServerTotals): ServerTotals {
  const added = (from: Total, to: Total): Total => ({
    count: to.count - from.count,
    sumMs: to.sumMs - from.sumMs,
    stepMs: Math.max(from.stepMs, to.stepMs),
  });
  return {
    requests: added(before.requests, after.requests),
    runs: added(before.runs, after.runs),
    ...(before.queue && after.queue && { queue: added(before.queue, after.queue) }),
  };
}
