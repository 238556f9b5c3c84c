import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deliver, undeliver } from "./deliver.ts";
import type { DeliverSpec } from "./specs.ts";

let dir: string;
let workspace: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-deliver-"));
  workspace = join(dir, "workspace");
  mkdirSync(join(workspace, "models"), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true }));

/** An archive with one file, and the spec that delivers it to this machine. */
function model(content: string, version = 1): { archive: string; spec: DeliverSpec } {
  const folder = join(dir, `v-${content}`);
  mkdirSync(join(folder, "variables"), { recursive: true });
  writeFileSync(join(folder, "saved_model.pb"), content, { mode: 0o600 });
  const archive = join(dir, `${content}.tar`);
  execFileSync("tar", ["-cf", archive, "-C", folder, "."]);
  const sha256 = createHash("sha256").update(readFileSync(archive)).digest("hex");
  return {
    archive,
    spec: { target: null, workspace, model: "null", version, sha256, catalogueName: "null", container: "none" },
  };
}

const served = (version = 1) => join(workspace, "models", "null", `${version}`, "saved_model.pb");

test("a model is delivered once, readable for the server, and nothing is left beside it", async () => {
  const { archive, spec } = model("one");
  expect(await deliver(spec, archive)).toBe("new");
  expect(await deliver(spec, archive)).toBe("already there");
  expect(readFileSync(served(), "utf8")).toBe("one");
  expect(execFileSync("stat", ["-c", "%a", served()], { encoding: "utf8" }).trim()).toBe("644");
  expect(readdirSync(join(workspace, ".incoming"))).toEqual([]);
});

test("a copy that broke off goes on where it stopped", async () => {
  const { archive, spec } = model("one");
  mkdirSync(join(workspace, ".incoming"));
  const partial = join(workspace, ".incoming", `${spec.sha256}.tar`);
  writeFileSync(partial, readFileSync(archive).subarray(0, 1000));
  expect(await deliver(spec, archive)).toBe("new");
  expect(readFileSync(served(), "utf8")).toBe("one");
});

test("a damaged partial copy is thrown away and sent anew", async () => {
  const { archive, spec } = model("one");
  mkdirSync(join(workspace, ".incoming"));
  writeFileSync(join(workspace, ".incoming", `${spec.sha256}.tar`), "garbage");
  expect(await deliver(spec, archive)).toBe("new");
  expect(readFileSync(served(), "utf8")).toBe("one");
});

test("an archive that is not what the plan says is never installed", async () => {
  const { archive, spec } = model("one");
  const wrong = { ...spec, sha256: "0".repeat(64) };
  await expect(deliver(wrong, archive)).rejects.toThrow("another SHA-256, twice");
  expect(existsSync(served())).toBe(false);
});

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
