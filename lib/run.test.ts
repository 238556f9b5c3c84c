import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { run, tryRun } from "./run.ts";

describe("running a program", () => {
  it("hands its arguments on as they are, and gives what it printed", async () => {
    expect(await run(["printf", "%s|", "a b", "$HOME", "'"])).toBe("a b|$HOME|'|");
  });

  it("makes a failure an error that shows the end of its output and the next step", async () => {
    const failing = ["sh", "-c", "seq 30; echo why >&2; exit 3"];
    await expect(run(failing, { what: "counting", fix: "count less" })).rejects.toThrow(
      /^counting failed \(exit code 3\):\n {4}20\n[^]* {4}why\n {2}fix: count less$/,
    );
    expect(await tryRun(failing)).toMatchObject({ exitCode: 3, signal: null, stderr: "why\n" });
  });

  it("says which program is not there", async () => {
    expect(await tryRun(["no-such-program"])).toMatchObject({ exitCode: 127, stderr: "no-such-program: not found" });
  });

  it("tells each line as it comes, of both streams", async () => {
    const lines: string[] = [];
    await run(["sh", "-c", "echo one; sleep 0.05; echo two >&2"], { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(["one", "two"]);
  });

  it("ends it, with all that it has started, after its time or when it is told to", async () => {
    const sleeping = ["sh", "-c", "sleep 60 & wait"];
    expect(await tryRun(sleeping, { timeoutMs: 50 })).toMatchObject({ exitCode: null, signal: "SIGTERM" });
    const given = new AbortController();
    const ended = tryRun(sleeping, { signal: given.signal });
    await sleep(20);
    given.abort();
    expect((await ended).signal).toBe("SIGTERM");
  });
});
