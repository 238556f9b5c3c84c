import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { refusedInWords } from "../../lib/testing/fuzz.ts";
import { byDigest, isByDigest, keepDigests, LOCK_FILE, readLock, withTag } from "./lock.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-lock-"));
});
afterEach(() => rm(dir, { recursive: true }));

test("the first digest of a tag stays until it is moved, and the file tells what it is", async () => {
  expect(await readLock(dir)).toEqual({});
  expect(await keepDigests(dir, { "b:1": digest("1") })).toEqual({ "b:1": digest("1") });
  expect(await keepDigests(dir, { "b:1": digest("2"), "a:1": digest("3") })).toEqual({
    "a:1": digest("3"),
    "b:1": digest("1"),
  });
  expect(await keepDigests(dir, { "b:1": digest("2") }, true)).toMatchObject({ "b:1": digest("2") });
  expect(JSON.parse(await readFile(join(dir, LOCK_FILE), "utf8"))).toEqual({
    schema: "lathe.lock/1",
    images: { "a:1": digest("3"), "b:1": digest("2") },
  });
  expect(await readdir(dir)).toEqual([LOCK_FILE]);
});

test("of many stacks that keep a tag each at the same time, in several processes, none is lost", async () => {
  const module = join(import.meta.dirname, "lock.ts");
  const program = `const { keepDigests } = await import(${JSON.stringify(module)});
await Promise.all(Array.from({ length: 8 }, (_, i) => keepDigests(process.argv[1], { [process.argv[2] + i + ":1"]: "sha256:" + "a".repeat(64) })));`;
  const one = (name: string) =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program, dir, name], { stdio: "inherit" });
      child.on("close", resolve);
    });
  expect(await Promise.all(["a", "b", "c"].map(one))).toEqual([0, 0, 0]);
  expect(Object.keys(await readLock(dir))).toHaveLength(24);
}, 120_000);

test.each([
  ["no JSON", "{"],
  ["another form", '{"schema":"lathe.lock/1","images":{"a:1":"latest"}}'],
  ["a name without a tag", `{"schema":"lathe.lock/1","images":{"a":"${digest("a")}"}}`],
])("a file that was spoilt by hand is refused with its name: %s", async (_what, text) => {
  await writeFile(join(dir, LOCK_FILE), text);
  const error: unknown = await readLock(dir).catch((e: unknown) => e);
  const { words } = refusedInWords(() => {
    throw error;
  }, /images\.lock\.json/);
  expect(words).toContain("fix: ");
});

describe("names of images", () => {
  test("have the tag latest where they have none, and a registry's port is not taken for one", () => {
    expect(["a", "a:1", "10.0.0.1:5000/a", "r.example/a/b:2.8"].map(withTag)).toEqual([
      ...["a:latest", "a:1", "10.0.0.1:5000/a:latest", "r.example/a/b:2.8"],
    ]);
  });

  test("have a digest in the tag's place", () => {
    expect(byDigest("10.0.0.1:5000/tfs", digest("a"))).toBe(`10.0.0.1:5000/tfs@${digest("a")}`);
    expect(byDigest("10.0.0.1:5000/tfs:latest", digest("a"))).toBe(`10.0.0.1:5000/tfs@${digest("a")}`);
    expect([isByDigest(`tfs@${digest("a")}`), isByDigest("tfs:1")]).toEqual([true, false]);
  });
});
