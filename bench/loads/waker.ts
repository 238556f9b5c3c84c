import { Worker } from "node:worker_threads";

/** Calls `wake` at the time `at` of `performance.now`, usually a few hundredths of a millisecond later. */
export type Waker = (at: number, wake: () => void) => void;

/**
 * Memory that both threads share. Times are nanoseconds of the monotonic clock: first the one until which the thread sleeps, then places for
 * times to wake at. Last comes a number that changes when the thread must look at them again.
 */
const PLACES = 8;
const SHARED = { bytes: 8 * (PLACES + 2), changesAt: 8 * (PLACES + 1) };
/** In a place: no time. As the time until which the thread sleeps: it is awake, so a new time must change the number. */
const NEVER = 2n ** 63n - 1n;

/** The thread wakes at least so often, so that it can always be ended. */
const LONGEST_SLEEP_MS = 1000;
/** A time nearer than this has come: another sleep would be too long. */
const EARLY_MS = 0.005;

/**
 * The thread sleeps until the earliest time, or until an earlier one is set. Then it empties the time's place and sends a message. If the next
 * time is set already, it goes on by itself. Linux may wake a sleeper 0.05 ms late, to wake several at once; the thread asks for no such
 * slack. The program is a text, because an agent is one file.
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
 * A waker that sleeps in a thread of its own, because Node's timers tick in milliseconds, and the kernel's sleeps are good to some
 * hundredths of one. The first use starts the thread. Until it runs, timers wake, too early rather than too late.
 */
export function wakerThread(): Waker {
  let thread: Waker | undefined;
  return (at, wake) => (thread ??= startThread())(at, wake);
}

/** A time to wake at, what to call then, and the place in which the time is set; 0: in none. */
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
  /** Ascending by time. The first ones have a place each. */
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
    // The thread has emptied the places of times that have come.
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

/** The time at which `performance.now` was 0, on the clock that all threads share, in ms. It takes several readings, and keeps the quickest. */
function monotonicOrigin(): number {
  const pairs = Array.from({ length: 20 }, () => {
    const before = performance.now();
    const atMs = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    return { tookMs: after - before, originMs: atMs - (before + after) / 2 };
  });
  return pairs.reduce((best, pair) => (pair.tookMs < best.tookMs ? pair : best)).originMs;
}
