import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listRuns, makeRunDir, runDir } from "./run-folders.ts";

const OLD = "2026-01-01T00-00-00Z";
const NEW = "2026-01-02T00-00-00Z";
let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "lathe-run-dir-"));
  for (const id of [OLD, NEW]) {
    mkdirSync(join(cwd, "runs", id), { recursive: true });
    writeFileSync(join(cwd, "runs", id, "run.json"), "{}");
  }
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

test("a run is named by its id, by a path from where one is, by a whole path, or not at all: then it is the newest", async () => {
  const root = join(cwd, "runs");
  const old = join(root, OLD);
  for (const name of [OLD, `runs/${OLD}`, `./runs/${OLD}/`, old])
    expect((await runDir(root, name, cwd)).replace(/\/$/, "")).toBe(old);
  expect(await runDir(root, undefined, cwd)).toBe(join(root, NEW));
});

test("a name that no run has is looked for among the runs, and none at all where there are none says how to begin", async () => {
  expect(await runDir(join(cwd, "runs"), "yesterday", cwd)).toBe(join(cwd, "runs", "yesterday"));
  await expect(runDir(join(cwd, "none"), undefined, cwd)).rejects.toThrow(/no runs yet[\s\S]*npx lathe bench/);
});

test("a run has a folder of its own, also where another run begins in the same second", async () => {
  const root = join(cwd, "new");
  const now = new Date("2026-01-02T03:04:05.678Z");
  const [a, b] = [await makeRunDir(root, now), await makeRunDir(root, now)];
  expect([a.id, b.id]).toEqual(["2026-01-02T03-04-05Z", "2026-01-02T03-04-05Z-2"]);
  expect([basename(a.dir), basename(b.dir)]).toEqual([a.id, b.id]);
  expect(existsSync(b.dir)).toBe(true);
  expect(await listRuns(root)).toEqual([a.id, b.id]);
});
