import { describe, expect, it } from "vitest";
import { explain, isUnfinished, patience } from "./container-events.ts";

describe("why a server did not answer", () => {
  it("is said in the order of what its engine saw", () => {
    expect(explain("tfs", 0, "running\noom \ndie 137\nstart \n", "")).toBe(
      "container tfs ran out of memory (lathe:memoryMiB is its limit), died (exit code 137), started; now it is running",
    );
    expect(explain("tfs", 0, "exited\n", "")).toBe("container tfs is exited");
  });

  it("is the last of what happened where that is much, and of what nobody knows its name alone", () => {
    const many = `running\n${"die 137\nstart \n".repeat(100_000)}constructor 1\n`;
    const said = explain("tfs", 0, many, "") ?? "";
    expect(said).toContain("container tfs had 199993 earlier events, ");
    expect(said).toMatch(/started, constructor; now it is running$/);
    expect(said.length).toBeLessThan(300);
  });

  it("is asked for once more where a container was killed, and its end is not yet told", () => {
    for (const told of ["running\n", "running\nkill \n", "running\ndie 137\nstart \noom \n"])
      expect(isUnfinished(told), told).toBe(true);
    for (const told of ["exited\nkill \ndie 137\n", "paused\npause \n", "running\nkill \ndie 137\nstart \n"])
      expect(isUnfinished(told), told).toBe(false);
  });

  it("is asked for longer where an end is to come than where nothing was told", () => {
    expect([patience("running\n"), patience("running\nkill \n"), patience("exited\n")]).toEqual([2, 6, 6]);
  });

  it("is left open where the container runs as it did", () => {
    expect(explain("tfs", 0, "running\n", "")).toBeUndefined();
  });

  it("is that its health test fails, where it runs and nothing happened", () => {
    expect(explain("ts", 0, "running unhealthy\n", "")).toBe("container ts runs, but its health test fails");
    expect(explain("ts", 0, "running unhealthy\nrestart \n", "")).toBe(
      "container ts was restarted; now it is running unhealthy",
    );
  });

  it("says why the engine could not be asked", () => {
    expect(explain("tfs", 1, "", "Error: No such container: tfs\n")).toContain(
      "cannot be asked for container tfs: Error: No",
    );
    expect(explain("tfs", null, "", "")).toContain("did not say within 20 s");
  });
});
