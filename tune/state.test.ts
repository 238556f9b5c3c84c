import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { begin } from "./race/race.ts";
import { type Tuning, keepTuning, readTuning } from "./state.ts";
import { TUNE, budgetOf, readBudget } from "./options.ts";

let dir = "";
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), "lathe-tuning-"))));
afterAll(() => rm(dir, { recursive: true, force: true }));

const arms = [1, 2].map((threads) => ({ id: `t${threads}`, settings: { threads }, isRule: threads === 1 }));
const promise = { kind: "percentile", percentile: 99, boundMs: 200, ratePerSecond: 10 } as const;
const tuning: Tuning = {
  ...{ schema: "lathe.tuning/1", id: "2026-11-28T05-00-00Z", stack: "edge", server: "edge", only: null },
  found: { image: "r/x@sha256:0", model: "ssd", cpus: "0-3", client: "probe", photograph: "image-7" },
  load: { mode: "constant-rate", ratePerSecond: 10, concurrency: 4 },
  plan: { blockMs: 2000, leadIn: 0, calls: 20, timeoutMs: 5000 },
  race: begin(arms, promise, 1, { seconds: 60 }),
};

test("a tuning is read as it was kept", async () => {
  await keepTuning(dir, tuning);
  expect(await readTuning(dir)).toEqual(tuning);
});

test("a grid is read as it was kept, with its rounds and provenance", async () => {
  const machine = { cpu: "Xeon", cpus: "0-3", cores: 4, quotaCpus: 0.7, memoryMiB: 1024 };
  const provenance = {
    ...{ at: "2026-11-28T05:00:00Z", kind: "tf-serving", build: "2.19", standIn: false, machine },
    ...{ os: "Debian", kernel: "6.1", docker: "27.1" },
    lathe: { version: "1", commit: null, dirty: null, agent: "0", node: "v24" },
  };
  const grid: Tuning = { ...tuning, provenance, race: begin(arms, promise, 1, { seconds: 60 }, 20) };
  await keepTuning(dir, grid);
  expect(await readTuning(dir)).toEqual(grid);
});

test.each([
  ["is cut off", (text: string) => text.slice(0, 200)],
  ["is of a newer Lathe", (text: string) => text.replace("lathe.tuning/1", "lathe.tuning/9")],
  ["has half a round", (text: string) => text.replace('"blocks":', '"rounds":1.5,"blocks":')],
  ["has a negative time", (text: string) => text.replace('"seconds":60', '"seconds":-1')],
  ["has no race", (text: string) => text.replace('"race":', '"rice":')],
])("a file that %s is refused in words that name it", async (_what, spoil) => {
  await keepTuning(dir, tuning);
  const file = join(dir, "tune.json");
  await writeFile(file, spoil(await readFile(file, "utf8")));
  await expect(readTuning(dir)).rejects.toThrow(file);
});

test("a folder without a tuning is refused with what to type", async () => {
  await expect(readTuning(join(dir, "none"))).rejects.toThrow("npx lathe tune");
});

test.each([
  ["10m", 600],
  ["90s", 90],
  ["1h", 3600],
  ["5", 300],
  ["1.5 min", 90],
])("a budget of %s is %d s", (text, seconds) => {
  expect(readBudget(text, () => expect.unreachable())).toBe(seconds);
});

test.each(["", "m", "10x", "-5m", "0", "1s", "NaN", "1e9"])('a budget of "%s" is refused', (text) => {
  let said = "";
  readBudget(text, (expected) => (said = expected));
  expect(said).toContain("10m");
});

test.each(["0", "1", "-3", "2.5", "101", "many"])('a grid of "%s" rounds is refused', (text) => {
  let said = "";
  TUNE.grid.read(text, (expected) => (said = expected));
  expect(said).toMatch(/whole number of at least 2|100 rounds at most/);
});

test("a race has ten minutes where no budget is given, and a grid a day", () => {
  expect([budgetOf({}), budgetOf({ grid: 20 }), budgetOf({ grid: 20, budget: 60 })]).toEqual([600, 86_400, 60]);
});
