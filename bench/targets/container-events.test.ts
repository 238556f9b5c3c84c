import { describe, expect, it } from "vitest";
import { silenceMs } from "../deadlines.ts";
import { explain } from "./container-events.ts";

describe("why a server did not answer", () => {
  it("is said in the order of what its engine saw", () => {
    expect(explain("tfs", 0, "running\noom \ndie 137\nstart \n", "")).toBe(
      "container tfs is running after it out of memory (lathe:memoryMiB is its limit), died (exit code 137), started",
    );
    expect(explain("tfs", 0, "exited\n", "")).toBe("container tfs is exited");
  });

  it("is left open where the container runs as it did", () => {
    expect(explain("tfs", 0, "running\n", "")).toBeUndefined();
  });

  it("says why the engine could not be asked", () => {
    expect(explain("tfs", 1, "", "Error: No such container: tfs\n")).toContain(
      "cannot be asked for container tfs: Error: No",
    );
    expect(explain("tfs", null, "", "")).toContain("did not say within 20 s");
  });
});

describe("how long an agent may say nothing", () => {
  const visit = {
    ...{ load: { mode: "closed-loop", concurrency: 1 }, calls: 10, blockMs: 1000, timeoutMs: 2000 },
  };

  it("is more than any call may take, and grows with calls that are reported at the end only", () => {
    expect(silenceMs(visit)).toBeGreaterThan(2000);
    expect(silenceMs({ ...visit, load: { mode: "closed-loop", concurrency: 2 } })).toBeGreaterThanOrEqual(
      5 * 2000 + silenceMs(visit) - 2000,
    );
  });
});
