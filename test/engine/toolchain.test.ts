import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { latheProgram, repoRoot } from "../../lib/paths.ts";
import { ensureToolchain } from "../../toolchain/index.ts";

/** A program that needs every part of the toolchain, and no host: a command, and a Docker provider over SSH. */
const PROGRAM = `
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";

const hello: command.local.Command = new command.local.Command("hello", { create: "echo hello", delete: "true" });
new docker.Provider("host", { host: "ssh://nobody@192.0.2.1", sshOpts: ["-o", "BatchMode=yes"] });
if (process.env["TINY_SLEEP"]) {
  new command.local.Command("slow", { create: "echo started > $TINY_SLEEP; exec sleep 300" });
}
export const out = hello.stdout;
export const node = process.version;
`;

let folder: string;

beforeAll(async () => {
  await ensureToolchain();
  folder = await mkdtemp(join(tmpdir(), "lathe-toolchain-"));
  await mkdir(join(folder, "state"));
  await symlink(join(repoRoot, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
  await writeFile(
    join(folder, "Pulumi.yaml"),
    "name: tiny\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
  );
  await writeFile(join(folder, "index.ts"), PROGRAM);
  expect((await pulumi("stack", "init", "one")).code).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(argv: readonly string[], extra: Record<string, string> = {}) {
  const env = {
    ...process.env,
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    ...extra,
  };
  const child = spawn(process.execPath, [latheProgram, "pulumi", ...argv], { cwd: folder, env });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, output })),
  );
  return { child, ended };
}
const pulumi = (...argv: string[]) => start([...argv, "--non-interactive"]).ended;

test("up, up again, refresh and destroy of a small program print no warning, and change what they should", async () => {
  const runs = [
    ["up", "+ 3 created"],
    ["up", "3 unchanged"],
    ["refresh", "3 unchanged"],
    ["destroy", "- 3 deleted"],
  ] as const;
  for (const [action, resources] of runs) {
    const { code, output } = await pulumi(action, "--yes", "--skip-preview", "--stack", "one");
    expect(output).toContain(resources);
    expect(output).not.toMatch(/warn/i);
    expect(code).toBe(0);
  }
});

test("programs run on the Node that is pinned in the checkout", async () => {
  await pulumi("up", "--yes", "--skip-preview", "--stack", "one");
  const { output } = await pulumi("stack", "output", "node", "--stack", "one");
  expect(output.trim()).toBe(process.version);
  expect((await pulumi("destroy", "--yes", "--skip-preview", "--stack", "one")).code).toBe(0);
});

test("pulumi's exit code is the command's", async () => {
  const { code, output } = await pulumi("up", "--yes", "--stack", "nowhere");
  expect(output).toContain("nowhere");
  expect(code).toBe(await directExitCode("up", "--yes", "--stack", "nowhere", "--non-interactive"));
  expect(code).not.toBe(0);
});

test("an interrupt reaches pulumi, which ends its update in order before the command ends", async () => {
  const mark = join(folder, "started");
  const { child, ended } = start(["up", "--yes", "--skip-preview", "--stack", "one", "--non-interactive"], {
    TINY_SLEEP: mark,
  });
  while ((await readFile(mark, "utf8").catch(() => "")) === "") await sleep(100);
  child.kill("SIGINT");
  const { code, output } = await ended;
  expect(output).toMatch(/cancel/i);
  expect(code).not.toBe(0);
  // An update that was cut off would have left its lock, and this would say so.
  const after = await pulumi("destroy", "--yes", "--skip-preview", "--stack", "one");
  expect(after.output).not.toMatch(/locked/);
  expect(after.code).toBe(0);
});

async function directExitCode(...argv: string[]): Promise<number | null> {
  const { env } = await ensureToolchain();
  const child = spawn("pulumi", argv, {
    cwd: folder,
    stdio: "ignore",
    env: {
      ...process.env,
      ...env,
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "",
    },
  });
  return new Promise((resolve) => child.on("close", resolve));
}
