import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Experiment } from "../matrix/experiments/schema.ts";
import { readLoadFiles } from "./load-files.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-traces-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const experiment = (name: string, ...files: readonly string[]): Experiment => ({
  name,
  limits: {},
  loads: files.map((file) => ({ mode: "trace", file, concurrency: 8 })),
});

test("a trace is read from the folder of its file of experiments, once for all cells, and known by its content", async () => {
  writeFileSync(join(dir, "rush.txt"), "1\n1.5\n");
  const { experiments, traces, faults } = await readLoadFiles(
    [experiment("a", "rush.txt"), experiment("b", "rush.txt")],
    dir,
  );
  expect(faults).toEqual([]);
  expect(Object.values(traces)).toEqual([[0, 500]]);
  expect(experiments[1]?.loads?.[0]).toMatchObject({
    file: "rush.txt",
    calls: 2,
    ms: 500,
    sha256: Object.keys(traces)[0],
  });
});

test("every file that is not there or holds something else is named, all at once", async () => {
  writeFileSync(join(dir, "wrong.txt"), "3\n2\nx\n");
  const { faults } = await readLoadFiles([experiment("a", "none.txt", "wrong.txt"), experiment("b", "..")], dir);
  expect(faults.map((f) => f.what)).toEqual([
    expect.stringContaining("none.txt: there is no such file"),
    expect.stringMatching(/wrong.txt:2: "2"/),
    expect.stringMatching(/wrong.txt:3: "x"/),
    expect.stringContaining("that is a folder"),
  ]);
});

test("two traces of one name and other times would be one cell: that is a fault", async () => {
  mkdirSync(join(dir, "b"));
  writeFileSync(join(dir, "rush.txt"), "1\n2\n");
  writeFileSync(join(dir, "b/rush.txt"), "1\n3\n");
  const { faults } = await readLoadFiles([experiment("a", "rush.txt", "b/rush.txt")], dir);
  expect(faults.map((f) => f.what)).toEqual([
    expect.stringContaining('another load with a different file is called "x8 trace rush", too'),
  ]);
});
