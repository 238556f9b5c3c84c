import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { progress } from "../../lib/progress.ts";
import { repoRoot } from "../../lib/paths.ts";
import { tryRun } from "../../lib/run.ts";
import { prepareModel, pythonEnv } from "../../models/index.ts";

test("the web frameworks' app reads requests with each parser, and refuses what is none in words", async () => {
  const { python } = await pythonEnv(progress());
  const { versionDir } = await prepareModel("null", progress());
  const models = await mkdtemp(join(tmpdir(), "lathe-web-"));
  for (const model of ["null", "broken/7"]) await mkdir(join(models, model), { recursive: true });
  await symlink(versionDir, join(models, "null/1"));
  await writeFile(join(models, "broken/7/saved_model.pb"), "no graph");
  await writeFile(join(models, "models.json"), JSON.stringify({ null: [1], broken: [7] }));
  const env = { ...process.env, WEB_MODELS: models, PYTHONPATH: join(repoRoot, "lab/tensorflow") };
  const cwd = join(repoRoot, "lab/web");
  const result = await tryRun([python, "-B", "-m", "unittest", "discover", "-t", ".", "tests"], { cwd, env });
  await rm(models, { recursive: true });
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stderr).toMatch(/Ran [5-9] tests/);
});
