import { describe, expect, it } from "vitest";
import { GIVE_TIME, unanswered } from "./why-no-answer.ts";

describe("a ready model that gave no answer", () => {
  const gate = { address: "10.0.0.2", timeoutSeconds: 30 };
  const asked = { model: "m", over: "probe", port: 8500, why: "DEADLINE_EXCEEDED: no answer within 1 ms" };
  const [over, left] = [() => performance.now(), () => performance.now() + 60_000];

  it("is blamed while the gate has time, with no advice on time", () => {
    const { faults } = unanswered(gate, left(), asked);
    expect(faults).toEqual([
      { what: `model m is ready but does not answer over probe at 10.0.0.2:8500: ${asked.why}` },
    ]);
  });

  it("is not blamed when the time is over: the time is named", () => {
    const { faults } = unanswered(gate, over(), asked);
    expect(faults).toEqual([
      { what: `model m has not answered over probe at 10.0.0.2:8500 after 30 s (${asked.why})`, fix: GIVE_TIME },
    ]);
  });

  it("is blamed at any time for what its own words tell, with what to do about that", () => {
    const { faults } = unanswered(gate, over(), { ...asked, fix: "raise lathe:memoryMiB" });
    expect(faults).toMatchObject([
      { what: expect.stringContaining("is ready but") as string, fix: "raise lathe:memoryMiB" },
    ]);
  });
});
