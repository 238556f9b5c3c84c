import { z } from "zod";
import type { Cell } from "../matrix/cell.ts";

const amount = z.number().nonnegative();
const count = amount.int();

export { CallTcp } from "../run/agent/tcp/facts.ts";

/** What the bench measured of a link while nothing else was sent over it, or why it could not. */
export const LinkMeasure = z.union([
  z.object({
    /** Round trips of single echoes, the network below the link included. */
    rttMs: z.object({ min: amount, median: amount, max: amount }),
    echoes: count,
    /** Echoes that did not come back. */
    lost: count,
    /** By a train of packets; null: the link has no bandwidth, or the train was too short. */
    mbit: z.number().positive().nullable(),
  }),
  z.object({ unread: z.string() }),
]);
export type LinkMeasure = z.infer<typeof LinkMeasure>;

/** How a link was laid: by the lab's own program, by the kernel's disciplines, or not at all because it adds nothing. */
export const LinkMeans = z.enum(["forwarder", "netem", "tbf", "none"]);
export type LinkMeans = z.infer<typeof LinkMeans>;

/**
 * One line of `records.jsonl`: a link was laid (`before` its visits) or is about to be undone (`after` them). A round lays a link of a pair of
 * machines once. Its visits are those between the two lines, with the same round, machines and name.
 */
export const LinkRecord = z.object({
  type: z.literal("link"),
  /** The cell that is visited next, or was visited last. */
  cell: z.string(),
  round: count,
  at: z.string(),
  when: z.enum(["before", "after"]),
  clientMachine: z.string(),
  serverMachine: z.string(),
  /** The link's name. Cells have the whole link. */
  link: z.string(),
  means: LinkMeans,
  /** The seed of the losses; absent: the link has none, or the kernel takes no seed. */
  seed: count.optional(),
  measured: LinkMeasure,
  /** How the two machines control congestion of new connections; null: not known. */
  congestion: z.object({ client: z.string().nullable(), server: z.string().nullable() }),
  /**
   * Packets of both ways together: sent on by the lab's program, lost by the link's loss, and dropped because its buffer was full. `lateMs`: how
   * long after their time packets left the program; on a busy machine they leave late.
   */
  packets: z
    .object({ sent: count, lost: count, dropped: count, lateMs: z.object({ p99: amount, max: amount }) })
    .optional(),
});
export type LinkRecord = z.infer<typeof LinkRecord>;

/** Whether a record of a link is of the visit to a cell in a round. Pure. */
export function isOfVisit(record: LinkRecord, cell: Cell, round: number): boolean {
  const { clientMachine, serverMachine, link } = cell;
  const same = record.clientMachine === clientMachine && record.serverMachine === serverMachine;
  return same && record.round === round && record.link === link?.name;
}
