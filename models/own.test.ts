import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isOwnModel, packOwnModel } from "./own.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-own-"));
  vi.stubEnv("LATHE_CACHE", join(dir, "cache"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

function savedModel(name: string, content: string): string {
  const folder = join(dir, name);
  mkdirSync(join(folder, "variables"), { recursive: true });
  writeFileSync(join(folder, "saved_model.pb"), content, { mode: 0o600 });
  writeFileSync(join(folder, "variables/variables.index"), "v");
  return folder;
}

test("the same files give the same archive, wherever and whenever they were written; other files another", async () => {
  const [one, two, other] = [savedModel("a", "x"), savedModel("b", "x"), savedModel("c", "y")];
  utimesSync(join(two, "saved_model.pb"), 1, 1);
  const [first, second, third] = [await packOwnModel(one), await packOwnModel(two), await packOwnModel(other)];
  expect(second).toEqual(first);
  expect(third.sha256).not.toBe(first.sha256);
  expect(execFileSync("tar", ["-tf", first.archive], { encoding: "utf8" }).split("\n").sort()).toEqual(
    ["", "./", "./saved_model.pb", "./variables/", "./variables/variables.index"].sort(),
  );
});

test("a folder without a SavedModel, and one that is not there, are refused by name", async () => {
  mkdirSync(join(dir, "empty"));
  for (const folder of [join(dir, "empty"), join(dir, "none")])
    await expect(packOwnModel(folder)).rejects.toThrow(`lathe:models: ${folder}: no saved_model.pb`);
});

test("a path is told from a catalogue name by its slash", () => {
  expect(["ssd-mobilenet", "./exported", "~/m", "/srv/m"].map(isOwnModel)).toEqual([false, true, true, true]);
});
