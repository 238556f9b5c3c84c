import { z } from "zod";
import type { Cell } from "../matrix/cell.ts";

const amount = z.number().nonnegative();
const count = amount.int();

export { CallTcp } from "../run/agent/tcp/facts.ts";

/** What a link measured while nothing else was sent over it; or why it could not be measured. */
export const LinkMeasure = z.union([
  z.object({
    /** Round trips of single echoes, the network below the link included. */
    rttMs: z.object({ min: amount, median: amount, max: amount }),
    echoes: count,
    /** Echoes that did not come back. */
    lost: count,
    /** Of a train of packets; null: the link has no limit, or the train was too short to tell. */
    mbit: z.number().positive().nullable(),
  }),
  z.object({ unread: z.string() }),
]);
export type LinkMeasure = z.infer<typeof LinkMeasure>;

/** By what a link was set: the lab's own program, the kernel's disciplines, or not at all where it adds nothing. */
export const LinkMeans = z.enum(["forwarder", "netem", "tbf", "none"]);
export type LinkMeans = z.infer<typeof LinkMeans>;

/**
 * One line of `records.jsonl`: a link was set (`before` its visits) or is about to be undone (`after` them). A round sets a link of
 * a pair of machines once, so round, machines and name say which visits it was for: those between the two lines.
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
  /** The link's name; the cells have the whole of it. */
  link: z.string(),
  means: LinkMeans,
  /** What the losses were drawn from; absent where nothing was drawn, or the kernel takes no seed. */
  seed: count.optional(),
  measured: LinkMeasure,
  /** How the two machines control congestion of new connections; null: not known. */
  congestion: z.object({ client: z.string().nullable(), server: z.string().nullable() }),
  /**
   * Both ways together: packets that the lab's program has handed on, lost by the link's loss, and dropped because its buffer was full;
   * and how much later than their time they left it, on a machine that has other things to do.
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
