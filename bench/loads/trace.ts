import { createHash } from "node:crypto";
import { basename, extname } from "node:path";
import { z } from "zod";
import { UserError, type Fault } from "../../lib/errors.ts";
import { show } from "../../lib/show.ts";
import { count, openConnections } from "./keys.ts";
import type { LoadMode } from "./load.ts";
import { callAtTimes } from "./on-connections.ts";

const FILE = "a file of times, such as arrivals.txt";

const Trace = z.object({
  mode: z.literal("trace"),
  /** Its path; in a file of experiments, from that file's folder on. */
  file: z.string(FILE).min(1, FILE).max(4096, FILE),
  concurrency: openConnections,
  /** What the file had when the run was planned. Experiments do not set these. */
  sha256: z.string().optional(),
  calls: count.optional(),
  ms: z.number().nonnegative().optional(),
});
export type Trace = z.infer<typeof Trace>;

/** An open loop whose calls are due when a file says so: recorded arrivals, replayed whole by each visit. */
export const trace: LoadMode<Trace> = {
  mode: "trace",
  schema: Trace.omit({ sha256: true, calls: true, ms: true }),
  title: ({ file, concurrency }) =>
    `${concurrency === 1 ? "" : `x${concurrency} `}trace ${basename(file, extname(file)).replace(/[^\w.-]+/g, "-")}`,
  isPlain: () => false,
  isOpen: true,
  connections: ({ concurrency }) => concurrency,
  leadIn: () => 0,
  wholeVisit: ({ calls = 1, ms = 0 }) => ({ calls, ms }),
  expectedMs: ({ calls: all = 1, ms = 0, concurrency }, calls, callMs) =>
    calls * Math.max(ms / all, callMs / concurrency),
  run: ({ concurrency }, { times = [] }, tools) => callAtTimes(times, 0, concurrency, tools),
  readFile(load, text, path) {
    const times = timesIn(text, path);
    const sha256 = createHash("sha256").update(text).digest("hex");
    return { times, load: { ...load, sha256, calls: times.length, ms: times.at(-1) ?? 0 } };
  },
};

const EXPECTED = "one time a line, in seconds from the begin on, in ascending order; # begins a comment";
const MOST_TIMES = 100_000;
const LONGEST_SECONDS = 3600;
const MOST_FAULTS = 5;

/**
 * Reads the times in a trace. @returns milliseconds from the first one on. Pure.
 *
 * @throws UserError with the file's faults, each with its line
 */
export function timesIn(text: string, path: string): number[] {
  const faults: Fault[] = [];
  const times: number[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/#.*/, "").trim();
    if (line === "") continue;
    const seconds = /^\d+(\.\d+)?(e-?\d+)?$/i.test(line) ? Number(line) : NaN;
    const before = times.at(-1) ?? 0;
    if (Number.isFinite(seconds) && seconds >= before) times.push(seconds);
    else faults.push({ what: `${path}:${index + 1}: ${show(line, 60)}`, expected: EXPECTED });
    if (faults.length === MOST_FAULTS) break;
  }
  const [first = 0] = times;
  const span = (times.at(-1) ?? 0) - first;
  const refuse = (why: string) => faults.push({ what: `${path}: ${why}`, expected: EXPECTED });
  if (times.length === 0 && faults.length === 0) refuse("it has no times");
  if (times.length > MOST_TIMES) refuse(`${times.length} times, more than ${MOST_TIMES}`);
  if (span > LONGEST_SECONDS) refuse(`${span} seconds, more than ${LONGEST_SECONDS}`);
  if (faults.length > 0) throw new UserError(faults);
  return times.map((seconds) => 1000 * (seconds - first));
}
