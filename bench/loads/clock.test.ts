import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { repoRoot } from "../../lib/paths.ts";
import { preciseClock, realClock } from "./clock.ts";

/** A clock whose time goes on by a microsecond each time it is read, and a waker that is so late. */
function made(lateMs: (asked: number) => number) {
  let nowMs = 0;
  const asked: number[] = [];
  const now = () => (nowMs += 0.001);
  const clock = preciseClock((at, wake) => {
    asked.push(at);
    nowMs = Math.max(nowMs, at) + lateMs(at);
    queueMicrotask(wake);
  }, now);
  return { clock, asked, now };
}

describe("the real clock", () => {
  it("sleeps until a millisecond before a time, turns for the rest, and never comes before it", async () => {
    const { clock, asked, now } = made(() => 0.05);
    for (let at = 10; at < 200; at += 10) {
      await clock.until(at);
      const cameAt = now();
      expect(cameAt).toBeGreaterThan(at);
      expect(cameAt).toBeLessThan(at + 0.1);
    }
    expect(asked).toEqual(Array.from({ length: 19 }, (_, i) => 10 * (i + 1) - 1));
  });

  it("turns for a small part of the time where calls come often, and covers late wake-ups where they come seldom", async () => {
    // As many wake-ups are late by three quarters of a millisecond as by a fortieth.
    const turned = async (distanceMs: number) => {
      const { clock, now } = made((at) => (Math.round(at / distanceMs) % 2 === 0 ? 0.75 : 0.025));
      let late = 0;
      for (let i = 1; i <= 500; i++) {
        await clock.until(i * distanceMs);
        if (now() - i * distanceMs > 0.05) late += 1;
      }
      return { spun: clock.spunMs() / now(), late };
    };
    const often = await turned(0.2);
    expect(often.spun).toBeLessThan(0.15);
    const seldom = await turned(10);
    expect(seldom.late).toBe(0);
    expect(seldom.spun).toBeLessThan(0.15);
  });

  it("does not wait for what is over, and counts its turns as no work", async () => {
    const { clock, asked, now } = made(() => 0.05);
    await clock.until(now() - 1);
    expect([asked, clock.spunMs()]).toEqual([[], 0]);
    await clock.until(now() + 0.1);
    expect(clock.spunMs()).toBeGreaterThan(0.05);
    expect(clock.spunMs()).toBeLessThan(0.15);
  });

  it("wakes many that wait at once, each at its time or later, by a thread that keeps nothing alive", async () => {
    const came = async (at: number) => {
      await realClock.until(at);
      return performance.now() - at;
    };
    for (let round = 0; round < 3; round++) {
      // More than the thread has places for, in no order, many at one time.
      const begun = performance.now();
      const many = Array.from({ length: 60 }, (_, i) => 5 + ((i * 7) % 20));
      const lateOfMany = await Promise.all(many.map((ms) => came(begun + ms)));
      expect(lateOfMany.every((ms) => ms >= 0)).toBe(true);
      const late = await Promise.all([12, 3, 3, 40, 0, -5, 7.5, 12.01].map((ms) => came(begun + ms)));
      expect(late.every((ms) => ms >= 0)).toBe(true);
    }
    const program = `
      import { realClock } from ${JSON.stringify(join(repoRoot, "bench/loads/clock.ts"))};
      const begun = performance.now();
      for (let ms = 20; ms <= 200; ms += 20) await realClock.until(begun + ms);
      console.log(performance.now() - begun >= 200 ? "waited" : "early");`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    expect(stdout.trim()).toBe("waited");
  });
});
