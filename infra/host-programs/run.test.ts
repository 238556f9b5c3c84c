import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { commandHost, type CommandHost } from "../../../fleet/command-host.ts";
import { exists } from "../../../lib/cached.ts";
import { repoRoot } from "../../../lib/paths.ts";

/* A resource's program on this machine, as the engine starts it: in a process of its own or where others run as well. */

/** On a machine that is busy with something else. */
const SOON = { timeout: 20_000 };

let dir: string;
let host: CommandHost | undefined;
let server: Server | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-start-"));
});
afterEach(async () => {
  await host?.close();
  server?.close();
  [host, server] = [undefined, undefined];
  await rm(dir, { recursive: true, force: true });
});

const here = (file: string) => join(import.meta.dirname, file);
/** How the engine starts a program where there is a Perl, and where there is none. */
const BY_PERL = ["sh", here("run.sh"), "workspace"] as const;
const BY_NODE = [process.execPath, here("workspace.ts")] as const;
const EACH = [
  ["Perl", BY_PERL],
  ["Node", BY_NODE],
] as const;

/** Runs the workspace's program with this spec on its standard input. */
function start(
  [program, ...args]: readonly [string, ...string[]],
  action: string,
  spec: object,
  env: Readonly<Record<string, string>>,
) {
  const child = spawn(program, [...args, action], {
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => (said[stream] += text));
  child.stdin.end(JSON.stringify(spec));
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
}

const workspace = () => join(dir, "own");
const spec = (owner = "lathe/edge") => ({
  ...{ target: null, workspace: workspace(), owner, id: "provider-1" },
  files: [
    { name: "models.config", content: "one\n\n  two\n" },
    { name: "monitoring.config", content: "three\\n" },
  ],
});
const written = async () => Promise.all(["models.config", "monitoring.config"].map((f) => read(`models/${f}`)));
const read = (file: string) => readFile(join(workspace(), file), "utf8");

/** The host's socket, once it listens. */
async function listening(): Promise<Readonly<Record<string, string>>> {
  host = await commandHost(process.env, join(dir, "log"));
  const folder = join(host.env["LATHE_COMMANDS"] ?? "", "..");
  await expect.poll(() => readdir(folder), SOON).toEqual(["socket"]);
  return host.env;
}

test.each(EACH)("by %s, a program does, says and ends with the same elsewhere as in its own process", async (_, by) => {
  const env = await listening();
  const there = await start(by, "create", spec(), env);
  expect([there, await written()]).toEqual([{ code: 0, stdout: "", stderr: "" }, ["one\n\n  two\n", "three\\n\n"]]);
  const other = spec("lathe/other");
  const refused = await start(by, "create", other, env);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("belongs to lathe/edge") as string });
  expect(await start(by, "create", other, {})).toEqual(refused);
  expect(await start(by, "delete", spec(), env)).toMatchObject({ code: 0 });
  expect(await readdir(dir)).not.toContain("own");
  expect(await readFile(join(dir, "log"), "utf8")).toBe("");
});

test("the process for all ends with the one that started it, even if that was killed, and leaves nothing", async () => {
  const source = `
    const { commandHost } = await import(${JSON.stringify(join(repoRoot, "fleet/command-host.ts"))});
    const { env } = await commandHost(process.env, ${JSON.stringify(join(dir, "log"))});
    process.stdout.write(env.LATHE_COMMANDS);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => parent.once("close", resolve));
  const socket = await new Promise<string>((resolve) => {
    parent.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text));
  });
  await expect.poll(() => exists(socket), SOON).toBe(true);
  parent.kill("SIGKILL");
  await ended;
  await expect.poll(() => exists(join(socket, "..")), SOON).toBe(false);
});

test.each(EACH)("by %s, a program runs in its own process where nobody listens", async (_, by) => {
  const socket = join(dir, "nobody");
  expect(await start(by, "create", spec(), { LATHE_COMMANDS: socket })).toMatchObject({ code: 0 });
  expect(await written()).toHaveLength(2);
  // A socket whose process was killed.
  spawnSync("perl", ["-MIO::Socket::UNIX", "-e", "IO::Socket::UNIX->new(Listen => 1, Local => shift)", socket]);
  expect(await exists(socket)).toBe(true);
  expect(await start(by, "create", spec(), { LATHE_COMMANDS: socket })).toMatchObject({ code: 0, stderr: "" });
});

test.each(EACH)("by %s, a program that a process died over is run again by whoever asked", async (_, by) => {
  const socket = join(dir, "socket");
  let asked = "";
  server = createServer((connection) => {
    connection.once("data", (text) => {
      asked = text.toString("utf8");
      connection.write("stdout 4");
      connection.destroy();
    });
  });
  await new Promise<void>((resolve) => server?.listen(socket, resolve));
  expect(await start(by, "create", spec(), { LATHE_COMMANDS: socket })).toMatchObject({ code: 0, stderr: "" });
  const digits = (text: string) => Buffer.from(text).toString("hex");
  expect(asked).toBe(`workspace create ${digits(process.cwd())} ${digits(JSON.stringify(spec()))}\n`);
  expect(await written()).toHaveLength(2);
});
