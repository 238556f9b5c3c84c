import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, stat } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exists } from "../../lib/cache/cached.ts";
import { servePrograms } from "./serve.ts";

/* A resource's program on this machine, as the engine starts it: in a process of its own, or where others run as well. */

let dir: string;
let programs: Awaited<ReturnType<typeof servePrograms>> | undefined;
let server: Server | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-run-"));
});
afterEach(async () => {
  programs?.close();
  server?.close();
  [programs, server] = [undefined, undefined];
  await rm(dir, { recursive: true, force: true });
});

/** Runs the program with this spec on its standard input, as the engine does. */
function run(program: string, action: string, spec: object, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "run.ts"), program, action], {
    env: { ...process.env, ...env },
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

/** A server that is no program server; gives the environment that leads to it. */
async function listen(onConnection: (socket: Socket) => void): Promise<Readonly<Record<string, string>>> {
  const path = join(dir, "socket");
  server = createServer(onConnection);
  await new Promise<void>((resolve) => server?.listen(path, resolve));
  return { LATHE_PROGRAMS: path };
}

test("a program does, says and ends with the same elsewhere as in its own process", async () => {
  const path = join(dir, "socket");
  programs = await servePrograms(path);
  const env = { LATHE_PROGRAMS: path };
  const there = await run("workspace", "create", spec(), env);
  expect([there, await written()]).toEqual([{ code: 0, stdout: "", stderr: "" }, ["one\n\n  two\n", "three\\n\n"]]);
  const other = spec("lathe/other");
  const refused = await run("workspace", "create", other, env);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("belongs to lathe/edge") as string });
  expect(await run("workspace", "create", other)).toEqual(refused);
  const unknown = await run("workspaces", "create", spec(), env);
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('no program "workspaces"') as string });
  expect(await run("workspaces", "create", spec())).toEqual(unknown);
  expect(await run("workspace", "delete", spec(), env)).toMatchObject({ code: 0 });
  expect(await readdir(dir)).not.toContain("own");
});

test("a program runs in the process that serves, where one does", async () => {
  const path = join(dir, "socket");
  programs = await servePrograms(path);
  // Only this process, not the one that asks, knows the variable that gives a machine up.
  process.env["LATHE_ABANDON"] = "true";
  try {
    const gone = { destination: "nobody@gone.invalid" };
    const told = await run(
      "workspace",
      "delete",
      { ...spec(), target: gone },
      { LATHE_PROGRAMS: path, LATHE_ABANDON: "" },
    );
    expect(told).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("forgotten, because lathe:abandon is set") as string,
    });
  } finally {
    delete process.env["LATHE_ABANDON"];
  }
});

test.each(["in its own process", "in the process that serves"])(
  "a fault names the stack with its organisation, as the engine was told it: %s",
  async (where) => {
    const path = join(dir, "socket");
    if (where !== "in its own process") programs = await servePrograms(path);
    const gone = { ...spec(), target: { destination: "nobody@gone.invalid" } };
    for (const [told, name] of [
      [{ LATHE_STACK: "acme/edge" }, "acme/edge"],
      [{}, "edge"],
    ] as const) {
      const { code, stderr } = await run("workspace", "delete", gone, { LATHE_PROGRAMS: path, ...told });
      expect(code).toBe(1);
      expect(stderr).toContain(`lathe:abandon true --stack ${name}, then npx lathe down --stack ${name}`);
    }
  },
);

test("a program runs in its own process where nobody listens", async () => {
  const socket = join(dir, "nobody");
  expect(await run("workspace", "create", spec(), { LATHE_PROGRAMS: socket })).toMatchObject({ code: 0 });
  expect(await written()).toHaveLength(2);
  // A socket whose process was killed.
  const source = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", source, socket]);
  expect((await stat(socket)).isSocket()).toBe(true);
  const env = { LATHE_PROGRAMS: socket };
  expect(await run("workspace", "create", spec(), env)).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("a program that a process died over is run again by whoever asked", async () => {
  let asked = "";
  const env = await listen((connection) => {
    connection.once("data", (text) => {
      asked = text.toString("utf8");
      connection.write('{"stdout":"4');
      connection.destroy();
    });
  });
  expect(await run("workspace", "create", spec(), env)).toEqual({ code: 0, stdout: "", stderr: "" });
  const request = { program: "workspace", action: "create", cwd: process.cwd(), spec: JSON.stringify(spec()) };
  expect(asked).toBe(`${JSON.stringify(request)}\n`);
  expect(await written()).toHaveLength(2);
});

test("whoever still waits when the run is stopped ends with a fault, and does not begin anew", async () => {
  const path = join(dir, "socket");
  const own = await servePrograms(path);
  // A host that takes the connection and never greets.
  const mute = createServer();
  const begun = new Promise<Socket>((resolve) => mute.once("connection", resolve));
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const { port } = mute.address() as { port: number };
  const target = { destination: `ssh://lathe@127.0.0.1:${port}` };
  const ended = run("workspace", "create", { ...spec(), target }, { LATHE_PROGRAMS: path });
  try {
    await begun;
    own.close();
    expect(await ended).toEqual({ code: 1, stdout: "", stderr: "the run was stopped\n" });
    expect(await exists(workspace())).toBe(false);
  } finally {
    (await begun).destroy();
    mute.close();
  }
});
