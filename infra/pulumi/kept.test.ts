import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { noteKept, withKept } from "./kept.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-kept-"));
  vi.stubEnv("LATHE_CACHE", join(dir, "cache"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

const none = new UserError({ what: "no stack of this project is deployed", fix: "npx lathe up" });
const words = async (error: unknown, env: NodeJS.ProcessEnv = {}) => ((await withKept(error, env)) as Error).message;

it("a command that finds no stack names the exports that reach those of a demo that was kept", async () => {
  const projectDir = join(dir, "my lab", "project");
  const env = { PULUMI_BACKEND_URL: `file://${projectDir}`, PULUMI_CONFIG_PASSPHRASE: "lathe-demo" };
  expect(await words(none)).toBe(none.message);
  await noteKept({ projectDir, env });
  expect(await words(none), "its lab is gone").toBe(none.message);
  mkdirSync(projectDir, { recursive: true });
  expect(await words(none)).toBe(
    `${none.message}\nthe stacks that \`npx lathe demo --keep\` left up have a backend of their own\n` +
      `  fix: if you mean those: export PULUMI_BACKEND_URL='file://${projectDir}'; export PULUMI_CONFIG_PASSPHRASE=lathe-demo; then run the same command again`,
  );
  expect(await words(none, env), "a backend is set").toBe(none.message);
  const bug = new TypeError("x");
  expect(await withKept(bug, {})).toBe(bug);
});

it("a note that makes no sense is as none", async () => {
  await noteKept({ projectDir: dir, env: {} });
  const [note = ""] = readdirSync(join(dir, "cache"));
  for (const text of ["", "{", '{"projectDir":1}', JSON.stringify({ projectDir: dir, env: { "A; rm -rf": "x" } })]) {
    writeFileSync(join(dir, "cache", note), text);
    expect(await words(none)).toBe(none.message);
  }
});
