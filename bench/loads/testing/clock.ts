import type { Clock } from "../clock.ts";

/** A clock for tests: it jumps to the next thing that waits, once nothing else can go on. */
export function jumpingClock(): { readonly clock: Clock; readonly run: <T>(body: Promise<T>) => Promise<T> } {
  let nowMs = 0;
  const waiting: { at: number; wake: () => void }[] = [];
  return {
    clock: {
      now: () => nowMs,
      spunMs: () => 0,
      until: (at) => (at <= nowMs ? Promise.resolve() : new Promise((wake) => waiting.push({ at, wake }))),
    },
    run: async (body) => {
      let over = false;
      void body.catch(() => {}).then(() => (over = true));
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        if (over) return body;
        waiting.sort((a, b) => a.at - b.at);
        const next = waiting.shift();
        if (next === undefined) throw new Error("nothing waits, and the body is not over");
        nowMs = next.at;
        next.wake();
      }
    },
  };
}
