import { expect, test } from "vitest";
import { UserError } from "../lib/errors.ts";
import { checkMemory, memoryNeed } from "./memory-need.ts";
import type { ModelArtifact } from "./models/spec.ts";

const NEEDS = [
  { name: "triton", mib: 3000 },
  { name: "tf", mib: 900 },
  { name: "flask", mib: 1200 },
];

/** What is said of servers that do not fit; undefined where they fit. */
function said(machineMiB: number, needs = NEEDS): string | undefined {
  try {
    checkMemory(needs, machineMiB);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message;
  }
}

test("servers that fit into their machine's memory together are let through, to the last MiB", () => {
  expect(said(5100)).toBeUndefined();
  expect(said(5099)).toMatch(/need 5100 MiB/);
  expect(said(0, [])).toBeUndefined();
});

test("of servers that do not fit together is said what each needs, and which ones fit, as many as possible", () => {
  const text = said(4000);
  expect(text).toContain("triton 3000 MiB, tf 900 MiB, flask 1200 MiB");
  expect(text).toContain("the machine has 4000 MiB for them: tf and flask fit (2100 MiB)");
  expect(said(1000)).toContain("tf fits (900 MiB)");
  expect(said(100)).toContain("none of them fits");
  expect(said(2000, [{ name: "alone", mib: 2001 }])).toContain("none of them fits");
});

test("what servers of other stacks take of the machine's memory is not there for these", () => {
  const others = (othersMiB: number) => {
    try {
      checkMemory(NEEDS, 5100, othersMiB);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(others(0)).toBeUndefined();
  expect(others(1100)).toContain(
    "the machine has 4000 MiB for them, because servers of other stacks take 1100 MiB there: tf and flask fit (2100 MiB)",
  );
  expect(others(9000)).toContain(
    "has 0 MiB for them, because servers of other stacks take 9000 MiB there: none of them fits",
  );
});

const artifact = (name: string, ...bytes: number[]) =>
  ({ deployed: { name }, versions: bytes.map((b, i) => ({ version: i + 1, bytes: b })) }) as unknown as ModelArtifact;

test("a server's need is its kind's estimate for every version that it serves, and at most its limit in the config", () => {
  const seen: unknown[] = [];
  const kind = { memoryNeedMiB: (...args: unknown[]) => (seen.push(args), 7) };
  const models = [artifact("ssd", 30, 31), artifact("null", 1)];
  expect(memoryNeed(kind, models, { workers: 2 }, undefined)).toBe(7);
  expect(seen).toEqual([
    [
      [
        { name: "ssd", version: 1, bytes: 30 },
        { name: "ssd", version: 2, bytes: 31 },
        { name: "null", version: 1, bytes: 1 },
      ],
      { workers: 2 },
    ],
  ]);
  expect(memoryNeed(kind, models, {}, 6)).toBe(6);
  expect(memoryNeed(kind, models, {}, 8)).toBe(7);
  expect(memoryNeed({}, models, {}, 512)).toBeUndefined();
  expect(memoryNeed({}, models, {}, undefined)).toBeUndefined();
});
