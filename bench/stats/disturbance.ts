import type { ClientWatch } from "../run/agent/protocol.ts";

/** Share of a visit's time that garbage collection may take. */
const GC_SHARE = 0.1;
/** How late the event loop may be beyond the calls' own work: this share of a call, and these milliseconds in any case. */
const LAG_SHARE = 0.1;
const LAG_FLOOR_MS = 5;
/**
 * Share of a visit's time that the client may wait for a processor, and what it may wait in any case. Real visits: up to
 * 0.08 undisturbed, 0.18 and more beside three busy programs (calls of some milliseconds vary more, hence the floor).
 */
const CPU_WAIT_SHARE = 0.15;
const CPU_WAIT_FLOOR_MS = 10;
/** How busy the client may be where calls overlap: beyond it they wait for each other in the client. */
const BUSY_SHARE = 0.8;

/**
 * Whether a client disturbed its own measurement, and how. A late event loop counts only beyond what encoding or decoding
 * one call takes, for that is part of the call and has a phase of its own.
 *
 * @param visit.callMs   the visit's median latency
 * @param visit.overlap  whether several calls are in flight at a time
 * @param visit.beside   whether the server runs on the client's own machine: the client then waits for processors in any
 *                       case, and its loop is late, while the server has them (or has used up the machine's quota), and
 *                       these delays cannot be separated from others
 * @returns a sentence for each disturbance; empty if there was none
 */
export function disturbances(
  watch: ClientWatch,
  { callMs, overlap, beside }: { readonly callMs: number; readonly overlap: boolean; readonly beside: boolean },
): string[] {
  const { cpuWaitMs = 0 } = watch;
  const lagMs = watch.loopMaxMs - watch.ownWorkMs;
  const found: string[] = [];
  if (watch.gcMs > GC_SHARE * watch.spanMs)
    found.push(`garbage collection took ${percent(watch.gcMs / watch.spanMs)} of the time`);
  if (!beside && lagMs > Math.max(LAG_FLOOR_MS, LAG_SHARE * callMs))
    found.push(`the event loop was ${lagMs.toFixed(0)} ms late, a call takes ${callMs.toFixed(1)} ms`);
  if (!beside && cpuWaitMs > Math.max(CPU_WAIT_FLOOR_MS, CPU_WAIT_SHARE * watch.spanMs))
    found.push(`the client waited for a processor for ${percent(cpuWaitMs / watch.spanMs)} of the time`);
  if (overlap && watch.loopBusy > BUSY_SHARE)
    found.push(`the client was busy for ${percent(watch.loopBusy)} of the time: calls waited for each other in it`);
  return found;
}

/** A cell is flagged where this share of its visits was disturbed, at least. */
const FLAG_SHARE = 0.25;

/** Whether so many disturbed visits flag their cell. */
export function isFlagged(visits: number, disturbed: number): boolean {
  return disturbed > 0 && disturbed >= FLAG_SHARE * visits;
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
