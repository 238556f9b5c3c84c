import * as processes from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Machine, Server } from "../../infra/outputs.ts";
import { cellOf } from "../testing/cells.ts";
import { watchServers, type ServerWatch } from "./watch-servers.ts";

vi.mock("node:child_process", async (original) => {
  const real = await original<typeof processes>();
  return { ...real, spawn: vi.fn(real.spawn) };
});

let dir: string;
let watch: ServerWatch | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-watch-"));
  mkdirSync(join(dir, "bin"));
  vi.stubEnv("PATH", `${join(dir, "bin")}:${process.env["PATH"]}`);
  // No machine has a process of this number: a sample has the machine's own counters alone.
  program("docker", "echo 99999999");
});
afterEach(async () => {
  await watch?.close();
  watch = undefined;
  vi.unstubAllEnvs();
  vi.mocked(processes.spawn).mockClear();
  rmSync(dir, { recursive: true });
});

function program(name: string, body: string): void {
  writeFileSync(join(dir, "bin", name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(dir, "bin", name), 0o755);
}

/** An `ssh` whose login shell does this before it reads the one text that it is given, its last argument. */
const loginShell = (before: string) => program("ssh", `${before}\nfor text; do :; done\nexec sh -c "$text"`);

const cell = cellOf(["edge", "edge"], "m", "probe", "a");
function watched(ssh: Machine["ssh"]): ServerWatch {
  const machine = { id: "edge", ssh } as Machine;
  const server = { id: "edge", machineId: "edge", container: "tfs" } as Server;
  let ms = 0;
  return (watch = watchServers({ machines: [machine], servers: [server] }, () => (ms += 5)));
}
const use = async (of: ServerWatch) => (await of.begin(cell))();

it("samples a server of this machine and one behind SSH", async () => {
  expect(await use(watched(null))).toMatchObject({ spanMs: 5, stealMs: expect.any(Number) as number });
  await watch?.close();
  loginShell(":");
  expect(await use(watched({ destination: "edge" }))).toMatchObject({ stealMs: expect.any(Number) as number });
});

it.each([
  ["a greeting", "echo Welcome"],
  ["what looks like a sample", "printf 'cpu 1 2 3 4 5 6 7 8000000 9 10\\nend\\n'"],
  ["what looks like several", "printf 'x\\nend\\n'; printf 'x\\nend\\n'; printf 'x\\nend\\n'"],
  ["more than any sample has", "head -c 300000 /dev/zero | tr '\\0' 'x'"],
])("takes nothing for a sample that the login shell prints before: %s", async (_what, before) => {
  loginShell(before);
  const way = watched({ destination: "edge" });
  for (let i = 0; i < 3; i++) {
    const seen = await use(way);
    expect(seen).toHaveProperty("stealMs");
    expect(seen?.stealMs).toBeLessThan(1e6);
  }
});

it.each([
  ["says nothing and ends", "exit 0"],
  ["runs another command", "exec true"],
  ["is not there", "exec no-such-program"],
])("knows nothing where ssh %s, and a run goes on", async (_what, before) => {
  loginShell(before);
  expect(await use(watched({ destination: "edge" }))).toBeUndefined();
});

it("knows nothing where no process can be started, and a run goes on", async () => {
  vi.mocked(processes.spawn).mockImplementation(() => {
    throw Object.assign(new Error("spawn ENOMEM"), { code: "ENOMEM" });
  });
  const way = watched(null);
  expect(await use(way)).toBeUndefined();
  expect(await use(way)).toBeUndefined();
  expect(processes.spawn).toHaveBeenCalledTimes(1);
});
