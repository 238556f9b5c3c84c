import { Worker } from "node:worker_threads";

/** Calls `wake` at about the time `at` of `performance.now`: a few hundredths of a millisecond after it, as a rule. */
export type Waker = (at: number, wake: () => void) => void;

/**
 * Shared by both threads, in nanoseconds of the monotonic clock: the time until which the thread sleeps, then places for the times that are
 * waited for; and a number that changes when the thread must look at them again.
 */
const PLACES = 8;
const SHARED = { bytes: 8 * (PLACES + 2), changesAt: 8 * (PLACES + 1) };
/** In a place: none. As the time until which the thread sleeps: it looks for the next one, and must be told of each that is set. */
const NEVER = 2n ** 63n - 1n;

/** The thread looks about so often at least, so that nothing can keep it from being ended. */
const LONGEST_SLEEP_MS = 1000;
/** Nearer than this, another sleep would be too long. */
const EARLY_MS = 0.005;

/**
 * What the thread does: it sleeps until the earliest time that is set, or until an earlier one is, empties the place and says that it
 * came. It finds the next time by itself, where one is set already: nobody must wake it for that. Linux lets sleepers oversleep by 0.05 ms, to
 * wake several at once; the thread asks for none of that. A text, because an agent is one file, and a thread from a file would need one of its own.
 */
const THREAD = `
  const { readlinkSync, writeFileSync } = require("node:fs");
  const { basename } = require("node:path");
  const { parentPort, workerData } = require("node:worker_threads");
  const times = new BigInt64Array(workerData, 0, ${PLACES + 1});
  const changes = new Int32Array(workerData, ${SHARED.changesAt}, 1);
  try {
    writeFileSync("/proc/" + basename(readlinkSync("/proc/thread-self")) + "/timerslack_ns", "1");
  } catch {}
  parentPort.postMessage(null);
  for (;;) {
    Atomics.store(times, 0, ${NEVER}n);
    const seen = Atomics.load(changes, 0);
    let place = 0;
    let at = ${NEVER}n;
    for (let i = 1; i <= ${PLACES}; i++) {
      const set = Atomics.load(times, i);
      if (set >= at) continue;
      place = i;
      at = set;
    }
    const left = Number(at - process.hrtime.bigint()) / 1e6;
    if (left > ${EARLY_MS}) {
      Atomics.store(times, 0, at);
      Atomics.wait(changes, 0, seen, Math.min(left, ${LONGEST_SLEEP_MS}));
    } else if (Atomics.compareExchange(times, place, at, ${NEVER}n) === at) parentPort.postMessage(null);
  }
`;

/**
 * A waker that sleeps in a thread of its own: Node's timers tick in milliseconds, the kernel's sleeps are good to some hundredths of one.
 * The thread begins with the first time that is asked for; until it is there, timers wake, too early rather than too late.
 */
export function wakerThread(): Waker {
  let thread: Waker | undefined;
  return (at, wake) => (thread ??= startThread())(at, wake);
}

/** Who waits, and in which place his time is set: 0 for none. */
interface Waiter {
  readonly at: number;
  readonly wake: () => void;
  place: number;
}

function startThread(): Waker {
  const shared = new SharedArrayBuffer(SHARED.bytes);
  const times = new BigInt64Array(shared, 0, PLACES + 1).fill(NEVER);
  const changes = new Int32Array(shared, SHARED.changesAt, 1);
  const worker = new Worker(THREAD, { eval: true, workerData: shared, execArgv: [] });
  const originMs = monotonicOrigin();
  const free = Array.from({ length: PLACES }, (_, i) => i + 1);
  let ready = false;
  /** The earliest first: as many as there are places have one each. */
  let waiting: Waiter[] = [];

  const set = (waiter: Waiter) => {
    waiter.place = free.pop() as number;
    const at = BigInt(Math.round((waiter.at + originMs) * 1e6));
    Atomics.store(times, waiter.place, at);
    if (at >= Atomics.load(times, 0)) return;
    Atomics.add(changes, 0, 1);
    Atomics.notify(changes, 0);
  };
  const unset = (waiter: Waiter) => {
    Atomics.store(times, waiter.place, NEVER);
    free.push(waiter.place);
    waiter.place = 0;
  };
  const add = (waiter: Waiter) => {
    const before = waiting.findLastIndex(({ at }) => at <= waiter.at) + 1;
    waiting.splice(before, 0, waiter);
    if (before >= PLACES) return;
    const last = waiting[PLACES];
    if (last !== undefined && last.place > 0) unset(last);
    set(waiter);
  };
  worker.on("message", () => {
    ready = true;
    const now = performance.now();
    // The thread has emptied the places of those whose time it saw come.
    const isDue = ({ at, place }: Waiter) => at <= now || (place > 0 && Atomics.load(times, place) === NEVER);
    const due = waiting.filter(isDue);
    waiting = waiting.filter((waiter) => !due.includes(waiter));
    due.forEach((waiter) => waiter.place > 0 && unset(waiter));
    for (const waiter of waiting.slice(0, PLACES)) if (waiter.place === 0) set(waiter);
    if (waiting.length === 0) worker.unref();
    for (const { wake } of due) wake();
  });
  // After the listener, which would keep the process alive.
  worker.unref();
  return (at, wake) => {
    if (!ready) {
      const leftMs = Math.floor(at - performance.now()) - 1;
      return leftMs > 0 ? void setTimeout(wake, leftMs) : wake();
    }
    if (waiting.length === 0) worker.ref();
    add({ at, wake, place: 0 });
  };
}

/** When `performance.now` was 0, on the clock that all threads share, in ms. The first reading of a clock takes long: the closest pair counts. */
function monotonicOrigin(): number {
  const pairs = Array.from({ length: 20 }, () => {
    const before = performance.now();
    const atMs = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    return { tookMs: after - before, originMs: atMs - (before + after) / 2 };
  });
  return pairs.reduce((best, pair) => (pair.tookMs < best.tookMs ? pair : best)).originMs;
}
