import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deliver, incomingName, undeliver } from "./deliver.ts";
import type { DeliverSpec } from "./spec.ts";

let dir: string;
let workspace: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-deliver-"));
  workspace = join(dir, "workspace");
  mkdirSync(join(workspace, "models"), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true }));

/** More than goes to a host in one command. */
const LARGE_BYTES = 5 * 2 ** 20;

/** An archive with one file, and the spec that delivers it to this machine. */
function model(content: string, version = 1, ballastBytes = 0): { archive: string; spec: DeliverSpec } {
  const folder = join(dir, `v-${content}`);
  mkdirSync(join(folder, "variables"), { recursive: true });
  writeFileSync(join(folder, "saved_model.pb"), content, { mode: 0o600 });
  writeFileSync(join(folder, "variables", "ballast"), Buffer.alloc(ballastBytes));
  const archive = join(dir, `${content}.tar`);
  execFileSync("tar", ["-cf", archive, "-C", folder, "."]);
  const sha256 = createHash("sha256").update(readFileSync(archive)).digest("hex");
  return {
    archive,
    spec: {
      ...{ target: null, owner: "lathe/edge", id: "provider-1", workspace, model: "null", version },
      ...{ path: `null/${version}`, sha256, source: "null", form: "saved-model", container: "none", kind: "none" },
    },
  };
}

test("a replica's models are links to those of the first, in the place of a copy; what lies there otherwise is sent", async () => {
  const { archive, spec } = model("one", 1, LARGE_BYTES);
  await deliver(spec, archive);
  const replica = { ...spec, workspace: join(dir, "replica"), alreadyIn: workspace };
  mkdirSync(join(replica.workspace, "models"), { recursive: true });
  // Nothing is read of an archive that is not there.
  expect(await deliver(replica, join(dir, "gone.tar"))).toBe("new");
  expect(await deliver(replica, join(dir, "gone.tar"))).toBe("already there");
  const inode = (of: string) => statSync(join(of, "models", "null", "1", "saved_model.pb")).ino;
  expect(inode(replica.workspace)).toBe(inode(workspace));
  // Changed behind both their backs: the first is made anew, and the replica follows it.
  writeFileSync(served(), "changed");
  await expect(deliver(replica, join(dir, "gone.tar"))).rejects.toThrow("gone.tar");
  expect([await deliver(spec, archive), await deliver(replica, archive)]).toEqual(["replaced", "replaced"]);
  expect(inode(replica.workspace)).toBe(inode(workspace));
  // The first goes, and the replica stays.
  await undeliver(spec);
  expect(readFileSync(join(replica.workspace, "models", "null", "1", "saved_model.pb"), "utf8")).toBe("one");
  const other = model("two");
  expect(await deliver({ ...other.spec, workspace: replica.workspace, alreadyIn: workspace }, other.archive)).toBe(
    "replaced",
  );
});

const served = (version = 1) => join(workspace, "models", "null", `${version}`, "saved_model.pb");

test.each([0, LARGE_BYTES])(
  "a model of %i bytes is delivered once, readable, with nothing left beside it",
  async (bytes) => {
    const { archive, spec } = model("one", 1, bytes);
    expect(await deliver(spec, archive)).toBe("new");
    expect(await deliver(spec, archive)).toBe("already there");
    expect(readFileSync(served(), "utf8")).toBe("one");
    expect(execFileSync("stat", ["-c", "%a", served()], { encoding: "utf8" }).trim()).toBe("644");
    expect(readdirSync(join(workspace, ".incoming"))).toEqual([]);
  },
);

test.each([0, LARGE_BYTES])("a copy of %i bytes that broke off is made whole", async (bytes) => {
  const { archive, spec } = model("one", 1, bytes);
  mkdirSync(join(workspace, ".incoming"));
  const partial = join(workspace, ".incoming", `${incomingName(spec)}.tar`);
  writeFileSync(partial, readFileSync(archive).subarray(0, 1000));
  expect(await deliver(spec, archive)).toBe("new");
  expect(readFileSync(served(), "utf8")).toBe("one");
});

test.each([0, LARGE_BYTES])("a damaged partial copy of %i bytes is thrown away and sent anew", async (bytes) => {
  const { archive, spec } = model("one", 1, bytes);
  mkdirSync(join(workspace, ".incoming"));
  writeFileSync(join(workspace, ".incoming", `${incomingName(spec)}.tar`), "garbage");
  expect(await deliver(spec, archive)).toBe("new");
  expect(readFileSync(served(), "utf8")).toBe("one");
});

test.each([0, LARGE_BYTES])(
  "an archive of %i bytes that is not what the plan says is never installed",
  async (bytes) => {
    const { archive, spec } = model("one", 1, bytes);
    const wrong = { ...spec, sha256: "0".repeat(64) };
    await expect(deliver(wrong, archive)).rejects.toThrow("in Lathe's cache was changed or cut short");
    expect(existsSync(served())).toBe(false);
  },
);

test("removing an older delivery leaves a newer one of the same version number alone", async () => {
  const [one, two] = [model("one"), model("two")];
  await deliver(one.spec, one.archive);
  expect(await deliver(two.spec, two.archive)).toBe("replaced");
  await undeliver(one.spec);
  expect(readFileSync(served(), "utf8")).toBe("two");
  await undeliver(two.spec);
  expect(readdirSync(join(workspace, "models"))).toEqual([]);
});

test("a new version lies beside the old one until that is removed", async () => {
  const [one, two] = [model("one", 1), model("two", 2)];
  await deliver(one.spec, one.archive);
  await deliver(two.spec, two.archive);
  expect([existsSync(served(1)), existsSync(served(2))]).toEqual([true, true]);
  await undeliver(one.spec);
  expect([existsSync(served(1)), existsSync(served(2))]).toEqual([false, true]);
});

test("versions and models of one content are delivered at the same time", async () => {
  const { archive, spec } = model("one");
  const specs = [spec, { ...spec, version: 2, path: "null/2" }, { ...spec, model: "twin", path: "twin/1" }];
  expect(await Promise.all(specs.map((each) => deliver(each, archive)))).toEqual(["new", "new", "new"]);
  for (const path of ["null/1", "null/2", "twin/1"])
    expect(readFileSync(join(workspace, "models", path, "saved_model.pb"), "utf8")).toBe("one");
  expect(readdirSync(join(workspace, ".incoming"))).toEqual([]);
});

test("a version stays where its folder is another deployment's by now", async () => {
  const { archive, spec } = model("one");
  const mark = (id: string) => writeFileSync(join(workspace, ".lathe-owner"), `${spec.owner}\n${id}\n`);
  await deliver(spec, archive);
  mark("provider-2");
  await undeliver(spec);
  expect(existsSync(served())).toBe(true);
  mark("provider-1");
  await undeliver(spec);
  expect(existsSync(served())).toBe(false);
});

test("a version lies where the server's kind has it, and leaves no folder that was made for it", async () => {
  const { archive, spec } = model("one");
  const flat = { ...spec, path: "null-1" };
  const deep = { ...spec, model: "deep", path: "store/null/a" };
  for (const each of [flat, deep]) await deliver(each, archive);
  expect(await deliver(deep, archive)).toBe("already there");
  expect(readdirSync(join(workspace, "models")).sort()).toEqual(["null-1", "store"]);
  expect(readFileSync(join(workspace, "models/store/null/a/saved_model.pb"), "utf8")).toBe("one");
  for (const each of [flat, deep]) await undeliver(each);
  expect(readdirSync(join(workspace, "models"))).toEqual([]);
});

test.each([
  ["cut off in the middle", () => truncateSync(served(), 1)],
  ["of other content", () => writeFileSync(served(), "two")],
  ["gone", () => rmSync(served())],
  ["joined by another", () => writeFileSync(`${served()}txt`, "")],
  ["not readable any more", () => chmodSync(served(), 0o600)],
])("a delivered file that was %s since is brought again", async (_what, change) => {
  const { archive, spec } = model("one");
  await deliver(spec, archive);
  change();
  expect(await deliver(spec, archive)).toBe("replaced");
  expect(readFileSync(served(), "utf8")).toBe("one");
  expect(readdirSync(join(workspace, "models/null/1")).sort()).toEqual(["saved_model.pb", "variables"]);
  expect(await deliver(spec, archive)).toBe("already there");
});
