import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { Server } from "../../infra/outputs.ts";
import { cellOf } from "../testing/cells.ts";
import { sampleMachine, sampleModel, sampleServer } from "../testing/sample-run.ts";
import { blockOf, neighbourhoods, turnsOf } from "./neighbours.ts";

const dir = mkdtempSync(join(tmpdir(), "lathe-neighbours-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const on = (machineId: string, name: string): Server => ({
  ...sampleServer(`${machineId}/${name}`, [sampleModel("null")]),
  ...{ machineId, container: name, workspace: dir },
});
const machine = (id: string, machineId = id) => ({
  ...sampleMachine(id),
  facts: { ...sampleMachine(id).facts, hostname: machineId, machineId },
});
const cell = (server: Server) => cellOf([server.machineId, server.id], "null", "probe", "image-1");

describe("servers of one machine", () => {
  it("are neighbours, whatever their stacks call the machine; a server alone has none", () => {
    const [a, b, c, alone] = [on("cloud", "a"), on("cloud", "b"), on("second", "c"), on("edge", "d")];
    const machines = [machine("cloud", "m1"), machine("second", "m1"), machine("edge", "m2")];
    const deployed = { machines, servers: [a, b, c, alone] };
    expect(neighbourhoods(deployed).map((own) => own.map((s) => s.id))).toEqual([["cloud/a", "cloud/b", "second/c"]]);
    const block = blockOf(deployed);
    expect(block(cell(a))).toBe(block({ ...cell(a), id: "another" }));
    expect(new Set([a, b, c].map((s) => block(cell(s)))).size).toBe(3);
    expect(block(cell(alone))).not.toBe(block({ ...cell(alone), id: "another" }));
  });
});

/** A docker of files: `NAME.state` is running, paused or exited. */
const DOCKER = `#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> log
name=$(eval echo "\\$$#")
case $1 in
  container) cat "$name.state" ;;
  pause) [ ! -e "$name.stuck" ] || { echo "no freezer" >&2; exit 1; }; echo paused > "$name.state" ;;
  unpause) echo running > "$name.state" ;;
esac
`;

describe("the program that freezes", () => {
  const servers = ["a", "b", "c"].map((name) => on("cloud", name));
  const [a, b, c] = servers as [Server, Server, Server];
  const deployed = { machines: [{ ...machine("cloud"), ssh: null }], servers };
  const states = () => ["a", "b", "c"].map((name) => readFileSync(join(dir, `${name}.state`), "utf8").trim());
  const marked = () => ["a", "b", "c"].filter((name) => existsSync(join(dir, `.frozen-${name}`)));
  const leave = (name: string, by: string) => {
    writeFileSync(join(dir, `${name}.state`), "paused\n");
    writeFileSync(join(dir, `.frozen-${name}`), `${by}\n`);
  };
  let said: string[];
  const turns = () => turnsOf(deployed, (text) => said.push(text));

  beforeEach(() => {
    process.env["PATH"] = `${dir}:${(process.env["PATH"] ?? "").replace(`${dir}:`, "")}`;
    writeFileSync(join(dir, "docker"), DOCKER);
    chmodSync(join(dir, "docker"), 0o755);
    for (const name of ["a", "b", "c"]) {
      writeFileSync(join(dir, `${name}.state`), "running\n");
      rmSync(join(dir, `.frozen-${name}`), { force: true });
      rmSync(join(dir, `${name}.stuck`), { force: true });
    }
    said = [];
  });

  it("lets one server run at a time, says which was frozen until its turn, and thaws all at the end", async () => {
    const own = turns();
    expect(await own.take(cell(a))).toBe(false);
    expect(states()).toEqual(["running", "paused", "paused"]);
    expect(await own.take(cell(a))).toBe(false);
    expect(await own.take(cell(c))).toBe(true);
    expect(states()).toEqual(["paused", "paused", "running"]);
    expect(marked()).toEqual(["a", "b"]);
    await own.close();
    expect(states()).toEqual(["running", "running", "running"]);
    expect([marked(), said]).toEqual([[], []]);
  });

  it("lets all replicas of a server run together, and freezes them together", async () => {
    const replica = { container: "b", workspace: dir, placement: a.placement, ports: [1] };
    const own = turnsOf({ ...deployed, servers: [{ ...a, replicas: [replica] }, c] }, (text) => said.push(text));
    expect(await own.take(cell(a))).toBe(false);
    expect(states()).toEqual(["running", "running", "paused"]);
    expect(await own.take(cell(c))).toBe(true);
    expect([states(), marked()]).toEqual([
      ["paused", "paused", "running"],
      ["a", "b"],
    ]);
    expect(await own.take(cell(a))).toBe(true);
    expect(states()).toEqual(["running", "running", "paused"]);
    await own.close();
    expect([states(), marked(), said]).toEqual([["running", "running", "running"], [], []]);
  });

  it("thaws all where its bench is killed", async () => {
    const program = `
      import { turnsOf } from ${JSON.stringify(join(import.meta.dirname, "neighbours.ts"))};
      const [deployed, cell] = JSON.parse(process.argv[1]);
      await turnsOf(deployed, () => {}).take(cell);
      process.stdout.write("taken");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, JSON.stringify([deployed, cell(b)])]);
    await new Promise((resolve, reject) => {
      child.stdout.on("data", resolve);
      child.on("close", reject);
    });
    expect(states()).toEqual(["paused", "running", "paused"]);
    child.kill("SIGKILL");
    await expect.poll(states, { timeout: 30_000 }).toEqual(["running", "running", "running"]);
    await expect.poll(marked).toEqual([]);
  });

  it("leaves alone what a person paused, and what does not run", async () => {
    writeFileSync(join(dir, "b.state"), "paused\n");
    writeFileSync(join(dir, "c.state"), "exited\n");
    const own = turns();
    await own.take(cell(a));
    await own.take(cell(b));
    await own.close();
    expect(states()).toEqual(["running", "paused", "exited"]);
  });

  it("first thaws what a killed bench left frozen, and says so", async () => {
    leave("b", `4194999 ${hostname()}`);
    leave("c", "12 elsewhere");
    const own = turns();
    await own.take(cell(a));
    expect(said).toEqual(["A bench that was killed left servers frozen: b, c. They are thawed."]);
    await own.close();
    expect([states(), marked()]).toEqual([["running", "running", "running"], []]);
  });

  it("takes nothing from a bench that is at work, and names it", async () => {
    const other = spawn("sleep", ["600"]);
    leave("b", `${other.pid} ${hostname()}`);
    const own = turns();
    await expect(own.take(cell(a))).rejects.toThrow(`another bench (process ${other.pid}) measures a server beside b`);
    await own.close();
    other.kill();
    expect([states(), marked()]).toEqual([["running", "paused", "running"], ["b"]]);
  });

  it("says where an engine cannot freeze, thaws all, and begins anew for the next one who asks", async () => {
    writeFileSync(join(dir, "b.stuck"), "");
    const own = turns();
    await expect(own.take(cell(a))).rejects.toThrow(/container "b" cannot be frozen .*: no freezer/);
    expect(states()).toEqual(["running", "running", "running"]);
    rmSync(join(dir, "b.stuck"));
    expect(await own.take(cell(a))).toBe(false);
    expect(states()).toEqual(["running", "paused", "paused"]);
    await own.close();
  });

  it("asks nothing of a machine with one server", async () => {
    const alone = turnsOf(
      { ...deployed, servers: [a] },
      () => {},
      () => expect.unreachable(),
    );
    expect(await alone.take(cell(a))).toBe(false);
    await alone.close();
  });
});
