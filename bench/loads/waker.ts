import { Worker } from "node:worker_threads";

/** Calls `wake` at about the time `at` of `performance.now`: sooner than a millisecond after it, as a rule. */
export type Waker = (at: number, wake: () => void) => void;

/** Shared by both threads: the time that is waited for, by the monotonic clock in ms, and a number that changes with it. */
const SHARED = { bytes: 16, timeAt: 0, changesAt: 8 };

/** The thread looks about so often at least, so that nothing can keep it from being ended. */
const LONGEST_SLEEP_MS = 1000;
/** Nearer than this, another sleep would be too long. */
const EARLY_MS = 0.03;

/**
 * What the thread does: it sleeps until the time that is set, or until another is set, and says that it came. A text, because an
 * agent is one file, and a thread from a file would need one of its own.
 */
const THREAD = `
  const { parentPort, workerData } = require("node:worker_threads");
  const time = new Float64Array(workerData, ${SHARED.timeAt}, 1);
  const changes = new Int32Array(workerData, ${SHARED.changesAt}, 1);
  const sleep = (seen, ms) => Atomics.wait(changes, 0, seen, Math.min(ms, ${LONGEST_SLEEP_MS}));
  parentPort.postMessage(-1);
  while (Atomics.load(changes, 0) === 0) sleep(0, Infinity);
  for (;;) {
    const seen = Atomics.load(changes, 0);
    const left = time[0] - Number(process.hrtime.bigint()) / 1e6;
    if (left > ${EARLY_MS}) sleep(seen, left);
    else {
      parentPort.postMessage(seen);
      while (Atomics.load(changes, 0) === seen) sleep(seen, Infinity);
    }
  }
`;

/**
 * A waker that sleeps in a thread of its own: Node's timers tick in milliseconds, the kernel's sleeps are good to a tenth of one. The
 * thread begins with the first time that is asked for; until it is there, timers wake, too early rather than too late.
 */
export function wakerThread(): Waker {
  let thread: Waker | undefined;
  return (at, wake) => (thread ??= startThread())(at, wake);
}

function startThread(): Waker {
  const shared = new SharedArrayBuffer(SHARED.bytes);
  const time = new Float64Array(shared, SHARED.timeAt, 1);
  const changes = new Int32Array(shared, SHARED.changesAt, 1);
  const worker = new Worker(THREAD, { eval: true, workerData: shared, execArgv: [] });
  const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  let ready = false;
  let waiting: { readonly at: number; readonly wake: () => void }[] = [];
  let setFor = Infinity;

  const set = () => {
    const next = waiting.reduce((least, { at }) => Math.min(least, at), Infinity);
    if (next === setFor || next === Infinity) return;
    setFor = next;
    time[0] = next + originMs;
    Atomics.add(changes, 0, 1);
    Atomics.notify(changes, 0);
  };
  worker.on("message", (seen: number) => {
    ready = true;
    if (waiting.length === 0) worker.unref();
    // Of a time that has been set anew meanwhile.
    if (seen !== Atomics.load(changes, 0)) return;
    const due = waiting.filter(({ at }) => at <= setFor);
    waiting = waiting.filter(({ at }) => at > setFor);
    setFor = Infinity;
    if (waiting.length === 0) worker.unref();
    set();
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
    waiting.push({ at, wake });
    set();
  };
}
