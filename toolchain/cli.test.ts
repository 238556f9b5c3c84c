import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { expect, test } from "vitest";
import { latheProgram } from "../lib/paths.ts";
import type { Found, Missing } from "./index.ts";

function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [latheProgram, "toolchain", ...argv], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

test("--json tells all four programs, each with an executable file or as missing, and the exit code says which", async () => {
  const { code, stdout } = await run("--json");
  const { schema, programs: all } = JSON.parse(stdout) as { schema: string; programs: (Found | Missing)[] };
  expect(schema).toBe("lathe.toolchain/1");
  expect(all.map((p) => p.name)).toEqual([
    "pulumi",
    "pulumi-language-nodejs",
    "pulumi-resource-command",
    "pulumi-resource-docker",
  ]);
  for (const p of all) if (!("missing" in p)) await access(p.path, constants.X_OK);
  expect(code).toBe(all.some((p) => "missing" in p) ? 1 : 0);
});

test("an operand it does not know is told with what is known", async () => {
  const { code, stderr } = await run("rebuild");
  expect(code).toBe(2);
  expect(stderr).toContain("did you mean build?");
});
