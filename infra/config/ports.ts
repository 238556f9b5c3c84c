import type { Fault } from "../../lib/errors.ts";
import type { Found } from "./layers.ts";
import { REPLICA_STEP } from "./replicas.ts";

/** What a server whose map sets no port has above the one before it. */
export const PORT_STEP = 10;

const LAST_PORT = 65535;

/** A port that a server is to have on the machine, and where that was said. */
export interface PlannedPort extends Pick<Found<number>, "places" | "saidBy"> {
  readonly protocol: string;
  readonly port: number;
  /** What a server of its kind has there if nobody says anything. */
  readonly usual: number;
}

/** Ports above the last that there is, and ports that two open endpoints would have. Pure. */
export function portFaults(
  servers: readonly { readonly name: string; readonly replicas: number; readonly ports: readonly PlannedPort[] }[],
): Fault[] {
  const several = servers.length > 1;
  const all = servers.flatMap(({ name, replicas, ports }) =>
    Array.from({ length: replicas }, (_, before) => {
      const of = before === 0 ? "" : ` of replica ${before + 1}`;
      const whose = (protocol: string) => `${several ? `${name}'s` : "the"} port for ${protocol}${of}`;
      return ports.map((p) => ({ ...p, port: p.port + before * REPLICA_STEP, whose: whose(p.protocol) }));
    }).flat(),
  );
  const names = servers.map(({ name }) => name).join(", ");
  const steps = several ? `; those that no map sets are ${PORT_STEP} above those of the server before (${names})` : "";
  const tooHigh = all
    .filter(({ port }) => port > LAST_PORT)
    .map((p) => ({ blamed: p, what: `${p.port} would be ${p.whose}`, expected: `ports up to ${LAST_PORT}${steps}` }));
  const twice = all.flatMap((p, i) =>
    all
      .slice(0, i)
      .filter(({ port }) => port === p.port)
      .map((q) => ({
        // Who says it is to blame, best the server's own map; of equals, the later.
        blamed: WEIGHT[q.saidBy] > WEIGHT[p.saidBy] ? q : p,
        what: `${p.port} would be ${q.whose} and ${p.whose}`,
        expected: `a port each${steps}`,
      })),
  );
  // One value may run into several others: one fault names them all.
  const path = ({ protocol }: PlannedPort) => `ports.${protocol}`;
  const groups = Map.groupBy(
    [...tooHigh, ...twice],
    ({ blamed, expected }) => blamed.places.of(path(blamed)) + expected,
  );
  return [...groups.values()].flatMap((same) =>
    same.slice(0, 1).map(({ blamed, expected }) => ({
      what: `${blamed.places.of(path(blamed))}: ${same.map(({ what }) => what).join(", ")}`,
      expected,
      fix: blamed.places.set(path(blamed), blamed.saidBy === "nobody" ? "PORT" : `${blamed.usual}`),
    })),
  );
}

const WEIGHT = { own: 2, all: 1, nobody: 0 } as const;
