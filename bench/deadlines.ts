import type { Load } from "./loads/load.ts";
import { modeOf } from "./loads/registry.ts";

/*
 * How long the bench waits for machines before it says that something is wrong; a call's own limit is `--timeout`. Those of
 * `up` and `destroy` are in infra/deadlines.ts, and docs/faults.md shows both to users.
 */

/** Milliseconds for the agent to say hello once it is on its machine. */
export const HELLO_MS = 60_000;

/** Milliseconds for the agent to end when it is asked to. */
export const CLOSE_MS = 5_000;

/** Milliseconds for a server's machine to say what became of its container. */
export const EXPLAIN_MS = 20_000;

/** Milliseconds for a server's machine to say what the server used: a few reads of files. */
export const USE_MS = 5_000;

/** Milliseconds for a server's machine to freeze or thaw its servers: Docker waits until each process stands still. */
export const FREEZE_MS = 60_000;

/** Milliseconds for a connection to a server, or to its machine, to open. */
export const OPEN_MS = 10_000;

/** What an agent may be late with everything, on a machine that has other things to do. */
const SLACK_MS = 30_000;

/** What of a visit says how long its agent may be silent. */
export type Silence = { readonly load: Load } & Readonly<Record<"timeoutMs" | "blockMs" | "leadIn" | "calls", number>>;

/**
 * How long an agent may say nothing while it makes a visit: then it hangs, or its machine does. Where calls overlap or are
 * due at times of their own, it says what came of them when the last is done. Milliseconds.
 */
export function silenceMs({ load, timeoutMs, blockMs, leadIn, calls }: Silence): number {
  const mode = modeOf(load);
  const connections = mode.connections(load);
  const each = connections === 1 && mode.isOpen !== true;
  const callsInARow = each ? 1 : connections * Math.ceil((leadIn + calls) / connections);
  return OPEN_MS * connections + blockMs + mode.expectedMs(load, callsInARow, timeoutMs) + SLACK_MS;
}
