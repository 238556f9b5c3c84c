import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAbandoned } from "./abandon.ts";

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "lathe-abandon-"));
  mkdirSync(join(project, "stacks"));
});
afterEach(() => rmSync(project, { recursive: true }));

const asked = (yaml: string | undefined, env: NodeJS.ProcessEnv = {}) => {
  if (yaml !== undefined) writeFileSync(join(project, "Pulumi.edge.yaml"), yaml);
  return isAbandoned("lathe/edge", join(project, "stacks"), env);
};

test.each([
  ["config:\n  lathe:abandon: true\n", true],
  ['config:\n  lathe:abandon: "true"\n', true],
  ["config:\n  lathe:abandon: false\n", false],
  ["config:\n  lathe:host: edge\n", false],
  ["config: {", false],
  ["", false],
  [undefined, false],
])("a stack whose config says %j is abandoned: %s", async (yaml, expected) => {
  expect(await asked(yaml)).toBe(expected);
});

test("the environment says so for every stack", async () => {
  expect(await asked(undefined, { LATHE_ABANDON: "true" })).toBe(true);
});
