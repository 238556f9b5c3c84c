import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { diagnoseCommand } from "./diagnose.ts";
import { runOn, withdrawable } from "./run.ts";

test("a command that takes too long is ended, with all that it has started, and told as such", async () => {
  const startedAt = performance.now();
  // The second sleep holds the pipes: the shell alone is not the whole of it.
  const result = await runOn(null, ["sh", "-c", "echo begun; sleep 20 & sleep 20"], { timeoutMs: 300 });
  expect(result).toMatchObject({ code: null, timedOutMs: 300, stdout: "begun\n" });
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  const fault = diagnoseCommand({ destination: "edge" }, "look at it", { ...result, timedOutMs: 60_000 });
  expect(fault.what).toBe("look at it: host edge did not answer within 60 s");
  expect(fault.fix).toContain("ssh edge uptime");
});

test("a transfer may take as long as it moves, and is ended when it does not", async () => {
  const drops = async function* (count: number) {
    for (let i = 0; i < count; i++) {
      await sleep(100);
      yield Buffer.from("drop");
    }
  };
  const slow = await runOn(null, ["wc", "-c"], { input: Readable.from(drops(8)), stallMs: 600 });
  expect(slow).toMatchObject({ code: 0, stdout: "32\n" });
  const stuck = await runOn(null, ["sleep", "20"], { input: Readable.from(drops(1)), stallMs: 300 });
  expect(stuck).toMatchObject({ code: null, timedOutMs: 300 });
});

test("a command that prints without end is ended, and keeps no more than a bound", async () => {
  const result = await runOn(null, ["yes"], { timeoutMs: 60_000 });
  expect(result).toEqual({ code: null, stdout: "", stderr: "it printed more than 16 MiB, and was ended" });
});

test("of work that was withdrawn no further command is begun, and one that has begun comes to its end", async () => {
  const withdrawn = new AbortController();
  const done: string[] = [];
  const work = withdrawable(withdrawn.signal, async () => {
    for (const word of ["one", "two"]) done.push((await runOn(null, ["sh", "-c", `sleep 0.3; echo ${word}`])).stdout);
  });
  await sleep(50);
  withdrawn.abort();
  await expect(work).rejects.toThrow(/abort/i);
  expect(done).toEqual(["one\n"]);
});

test("programs of this machine speak English, for what they say is read", async () => {
  const said = await runOn(null, ["sh", "-c", 'echo "$LC_ALL"']);
  expect(said.stdout).toBe("C\n");
});
