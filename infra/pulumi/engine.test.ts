import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { must } from "./cli.ts";
import { pulumi, startPulumi } from "./engine.ts";

/* A shell script stands in for `pulumi`: what is tried is how it is started, heard and ended. */

const dir = mkdtempSync(join(tmpdir(), "lathe-pulumi-"));
vi.mock("../../toolchain/index.ts", () => ({
  resolveToolchain: () => Promise.resolve({ env: { PATH: `${dir}${delimiter}${process.env["PATH"]}` } }),
}));

const SCRIPT = `#!/bin/sh
case $1 in
  both) echo one; echo two >&2; echo "$PWD $NAME $*"; exit 7 ;;
  hang) trap 'echo stopping; exit 1' INT; echo begun; while :; do sleep 0.05; done ;;
  language) echo "$LC_ALL" ;;
  deaf) trap '' INT; echo begun; exec sleep 60 ;;
  holds) sleep 30 & echo "$!"; exit 3 ;;
esac
`;
beforeAll(() => {
  writeFileSync(join(dir, "pulumi"), SCRIPT);
  chmodSync(join(dir, "pulumi"), 0o755);
});
afterAll(() => rmSync(dir, { recursive: true }));

test("both streams, each line as it comes, and the exit code are given; nothing is ever asked", async () => {
  const lines: string[] = [];
  const project = { projectDir: dir, env: { NAME: "edge" }, onLine: (line: string) => lines.push(line) };
  const { code, output, stdout } = await pulumi(project, ["both"]);
  const last = `${dir} edge both --non-interactive --color never`;
  expect([code, stdout]).toEqual([7, `one\n${last}`]);
  expect(output.split("\n").sort()).toEqual(["one", "two", last].sort());
  expect(lines.sort()).toEqual(["one", "two", last].sort());
});

test("it speaks English, for what it says is read", async () => {
  const german = { env: { LANG: "de_DE.UTF-8" } };
  expect((await pulumi(german, ["language"])).stdout).toBe("C");
});

test("one that does not end in its time is asked to stop, and says so", async () => {
  const { ended } = await startPulumi({}, ["hang"], { timeoutMs: 2000 });
  const { code, output } = await ended;
  expect([code, output]).toEqual([1, "begun\nerror: pulumi hang did not end in 2.0 s\nstopping"]);
});

test("a signal reaches it", async () => {
  const heard: string[] = [];
  const engine = await startPulumi({ onLine: (line) => heard.push(line) }, ["deaf"]);
  await expect.poll(() => heard).toEqual(["begun"]);
  engine.signal("SIGINT");
  engine.signal("SIGKILL");
  expect((await engine.ended).code).toBeNull();
});

test("a plugin that holds the pipes of an engine that has ended is not waited for", async () => {
  const startedAt = performance.now();
  const { code, stdout } = await pulumi({}, ["holds"]);
  process.kill(Number(stdout), "SIGKILL");
  expect(code).toBe(3);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});

test("with a log, all that it prints is there and nowhere else", async () => {
  const log = join(dir, "log");
  const file = openSync(log, "w");
  const { ended } = await startPulumi({}, ["both"], { log: file });
  expect(await ended).toEqual({ code: 7, output: "", stdout: "" });
  closeSync(file);
  expect(readFileSync(log, "utf8")).toMatch(/^one\ntwo\n/);
});

test("where only success will do, a failure is thrown in pulumi's words", async () => {
  await expect(must({}, ["both"])).rejects.toThrow(/^pulumi both failed: [^]*two/);
});
