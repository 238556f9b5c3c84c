import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { edgeFacts } from "../../test/program/mocks.ts";
import { machineScore } from "./kept-score.ts";
import { type ScoreReading, measureScore } from "./score.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-score-"));
  vi.stubEnv("LATHE_CACHE", join(folder, "cache"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const speed = (single: number) => ({ single, multi: 2 * single, cpus: 2, program: "OpenSSL 3.0.19" });

/** A machine in some state that counts how often it measures. */
function machine(state: string | undefined) {
  const seen = { state, measured: 0 };
  const measure = (_: unknown, known?: string): Promise<ScoreReading> => {
    if (seen.state !== undefined && known === seen.state) return Promise.resolve({ state: known, score: undefined });
    seen.measured += 1;
    return Promise.resolve({ state: seen.state, score: speed(100 * seen.measured) });
  };
  return { seen, measure };
}

describe("a machine's score", () => {
  it("is measured once, and again after the machine has started anew", async () => {
    const { seen, measure } = machine("first");
    for (let run = 0; run < 3; run++) expect(await machineScore(null, edgeFacts, { measure })).toEqual(speed(100));
    seen.state = "second";
    for (let run = 0; run < 2; run++) expect(await machineScore(null, edgeFacts, { measure })).toEqual(speed(200));
    expect(seen.measured).toBe(2);
  });

  it("is not another machine's, nor that of the same machine with another quota or other CPUs", async () => {
    const { seen, measure } = machine("one kernel for all");
    const others = [
      { ...edgeFacts, hostname: "other" },
      { ...edgeFacts, machineId: "f".repeat(64) },
      { ...edgeFacts, cpu: { ...edgeFacts.cpu, quotaCpus: 0.5 } },
      { ...edgeFacts, cpu: { ...edgeFacts.cpu, allowed: [0] } },
    ];
    for (const facts of [edgeFacts, ...others, ...others, edgeFacts]) await machineScore(null, facts, { measure });
    expect(seen.measured).toBe(5);
  });

  it("is measured again if it is asked for anew, and later runs take that", async () => {
    const { measure } = machine("one");
    await machineScore(null, edgeFacts, { measure });
    expect(await machineScore(null, edgeFacts, { measure, anew: true })).toEqual(speed(200));
    expect(await machineScore(null, edgeFacts, { measure })).toEqual(speed(200));
  });

  it("is measured each time on a machine that does not tell its state, and where nothing or no score is kept", async () => {
    const { seen, measure } = machine(undefined);
    for (let run = 0; run < 2; run++) await machineScore(null, edgeFacts, { measure });
    expect(seen.measured).toBe(2);
    const unmeasured = () => Promise.resolve({ state: "one", score: { unmeasured: "no openssl" } });
    expect(await machineScore(null, edgeFacts, { measure: unmeasured })).toEqual({ unmeasured: "no openssl" });
    const one = machine("one");
    await machineScore(null, edgeFacts, { measure: one.measure });
    const scores = join(folder, "cache", "scores");
    for (const broken of ["", "{", '{"state":"one","score":{"single":-1}}', "[]"]) {
      for (const name of await readdir(scores)) await writeFile(join(scores, name), broken);
      await machineScore(null, edgeFacts, { measure: one.measure });
    }
    expect(one.seen.measured).toBe(5);
  });
});

it("a machine whose state is known does not run OpenSSL's measurement", async () => {
  const log = join(folder, "log");
  const program = `#!/bin/sh
[ "$1" = version ] && { echo "OpenSSL 9.9 (a stand-in)"; exit 0; }
echo speed >> '${log}'
echo "+F:25:ChaCha20:263360633.66"
`;
  await writeFile(join(folder, "openssl"), program);
  await chmod(join(folder, "openssl"), 0o755);
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"] ?? ""}`);
  const first = await measureScore(null);
  expect(first.score).toMatchObject({ single: 263.4, program: "OpenSSL 9.9" });
  expect(first.state).toMatch(/^[0-9a-f]{64}$/);
  const measured = await readFile(log, "utf8");
  expect(await measureScore(null, first.state)).toEqual({ state: first.state, score: undefined });
  expect(await readFile(log, "utf8")).toBe(measured);
  expect((await measureScore(null, "0".repeat(64))).score).toMatchObject({ single: 263.4 });
});
