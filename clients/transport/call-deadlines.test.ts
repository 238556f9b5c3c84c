import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallDeadlines } from "./call-deadlines.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

/** Calls by name, with their time to live; `over` ends them. */
function calls() {
  const deadlines = new CallDeadlines();
  const expired: string[] = [];
  const over = new Map<string, () => void>();
  const add = (name: string, ms: number) =>
    over.set(
      name,
      deadlines.add(performance.now() + ms, () => expired.push(name)),
    );
  return { expired, over, add };
}

describe("the deadlines of a connection's calls", () => {
  it("come for those that have no answer, in any order of their deadlines", () => {
    const { expired, add } = calls();
    add("long", 300);
    add("short", 100);
    vi.advanceTimersByTime(99);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(expired).toEqual(["short"]);
    add("between", 100);
    vi.advanceTimersByTime(101);
    expect(expired).toEqual(["short", "between"]);
    vi.advanceTimersByTime(100);
    expect(expired).toEqual(["short", "between", "long"]);
  });

  it("come for none that is over, and still for the next one", () => {
    const { expired, over, add } = calls();
    for (let i = 0; i < 50; i++) {
      add(`call ${i}`, 100);
      vi.advanceTimersByTime(10);
      over.get(`call ${i}`)?.();
    }
    add("last", 100);
    vi.advanceTimersByTime(98);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(3);
    expect(expired).toEqual(["last"]);
  });

  it("have one timer, whatever the number of calls, and none once nothing waits", () => {
    const { over, add } = calls();
    for (let i = 0; i < 20; i++) add(`call ${i}`, 100 + i);
    expect(vi.getTimerCount()).toBe(1);
    for (const end of over.values()) end();
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("let a call that expires begin another one", () => {
    const deadlines = new CallDeadlines();
    const expired: number[] = [];
    const begin = (left: number): void => {
      if (left > 0) deadlines.add(performance.now() + 10, () => (expired.push(left), begin(left - 1)));
    };
    begin(3);
    vi.advanceTimersByTime(40);
    expect(expired).toEqual([3, 2, 1]);
  });
});
