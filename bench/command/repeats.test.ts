import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sampleManifest } from "../testing/sample-run.ts";
import { compareCommand } from "../compare/command.ts";
import { repeatsOf } from "./repeats.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lathe-repeats-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A run's folder, of which the run that it repeats may be known. */
function run(name: string, repeats?: string): string {
  const dir = join(root, name);
  mkdirSync(dir);
  writeFileSync(join(dir, "run.json"), JSON.stringify({ ...sampleManifest(), id: name, ...(repeats && { repeats }) }));
  return dir;
}

it("runs that repeat one of two runs are found beside them, and the two themselves are no such pair", async () => {
  const day = (n: number) => `2026-11-2${n}T18-00-00Z`;
  const [first, again, third] = [run(day(1)), run(day(2), day(1)), run(day(3), day(1))];
  const [later, other] = [run(day(4)), run(day(5))];
  run(day(6), day(5));
  mkdirSync(join(root, day(7)));
  expect(await repeatsOf(root, [first, later])).toEqual([
    [first, again],
    [first, third],
  ]);
  expect(await repeatsOf(root, [first, again])).toEqual([[first, third]]);
  expect(await repeatsOf(root, [again, later])).toEqual([
    [first, again],
    [first, third],
  ]);
  expect(await repeatsOf(root, [later, later])).toEqual([]);
  expect(await repeatsOf(join(root, "nowhere"), [later, other])).toEqual([]);
});

it("a repeat that cannot be read is left out, and the runs that were named are compared", async () => {
  const [a, b, broken] = ["2026-11-21T18-00-00Z", "2026-11-22T18-00-00Z", "2026-11-23T18-00-00Z"].map((name) =>
    run(name),
  );
  for (const dir of [a, b]) writeFileSync(join(dir ?? "", "records.jsonl"), "");
  writeFileSync(join(broken ?? "", "records.jsonl"), "no record\n");
  const { exitCode } = await compareCommand(a ?? "", b ?? "", { repeats: [[a ?? "", broken ?? ""]] });
  expect(exitCode).toBe(3);
});
