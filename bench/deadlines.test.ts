import { describe, expect, it } from "vitest";
import { type Silence, silenceMs } from "./deadlines.ts";

const visit: Silence = {
  load: { mode: "closed-loop", concurrency: 1 },
  ...{ leadIn: 0, calls: 10, blockMs: 1000, timeoutMs: 2000 },
};
const alone = silenceMs(visit);

describe("how long an agent may say nothing", () => {
  it("is more than any call may take, and grows with calls that are reported at the end only", () => {
    expect(alone).toBeGreaterThan(2000);
    const two = { ...visit, load: { mode: "closed-loop", concurrency: 2 } };
    expect(silenceMs(two)).toBeGreaterThanOrEqual(5 * 2000 + alone - 2000);
  });

  it("is more than the time from one call to the next at a low rate, and with the lead-in where calls overlap", () => {
    const rare = { mode: "constant-rate", ratePerSecond: 0.001, concurrency: 1 };
    expect(silenceMs({ ...visit, load: rare })).toBeGreaterThan(1_000_000);
    const overlapping = { mode: "constant-rate", ratePerSecond: 0.1, concurrency: 2 };
    expect(silenceMs({ ...visit, load: overlapping, leadIn: 18, blockMs: 60_000 })).toBeGreaterThan(
      18 * 10_000 + 60_000,
    );
  });

  it("is more than a whole visit whose calls are due at times of their own, on one connection, too", () => {
    const load = { mode: "constant-rate", ratePerSecond: 100, concurrency: 1 };
    expect(silenceMs({ ...visit, load, leadIn: 30, calls: 60, timeoutMs: 1000 })).toBeGreaterThanOrEqual(90 * 1000);
  });
});
