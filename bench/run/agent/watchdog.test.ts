import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchdog } from "./watchdog.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("bites once nothing was heard for as long as was said, and not while something is or nothing is expected", () => {
  const bites: number[] = [];
  const dog = watchdog((ms) => bites.push(ms));
  vi.advanceTimersByTime(10_000);
  dog.expect(200);
  for (let i = 0; i < 4; i++) {
    vi.advanceTimersByTime(199);
    dog.heard();
  }
  expect(bites).toEqual([]);
  dog.rest();
  dog.heard();
  vi.advanceTimersByTime(10_000);
  expect(bites).toEqual([]);
  dog.expect(100);
  vi.advanceTimersByTime(99);
  expect(bites).toEqual([]);
  vi.advanceTimersByTime(10_000);
  expect(bites).toEqual([100]);
});
