import { afterAll, beforeAll, expect, test } from "vitest";
import { outputs, setConfig, tryUp, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { hostOf } from "../../lab/index.ts";
import { listeningPorts, runFleet } from "./fleet-run.ts";
import { makeBed, type Bed } from "./harness.ts";

let bed: Bed;
let client: StackRef;
beforeAll(async () => {
  bed = await makeBed();
  client = await bed.stack("client", { "lathe:host": "client", "lathe:models[0]": "null" });
  await bed.stack("cloud", { "lathe:host": "cloud", "lathe:models[0]": "null" });
  await bed.stack("nowhere", { "lathe:host": "nowhere", "lathe:models[0]": "null" });
});
afterAll(() => bed?.down());

/** Runs `npx lathe up` or `down` on the bed's stacks. */
const fleet = (verb: "up" | "down", args: readonly string[], meanwhile?: (said: string, pid: number) => void) =>
  runFleet(bed, verb, args, meanwhile);

test("all stacks come up at once; one that cannot stops no other, and is reported with its reason and what to do", async () => {
  const ports: number[][] = [];
  const { code, stderr, report } = await fleet("up", [], (_said, pid) => ports.push(listeningPorts(pid)));
  expect(code).toBe(1);
  // Whoever reaches this process has commands run as its user: it listens in a folder of that user's alone.
  expect(ports.length).toBeGreaterThan(0);
  expect(ports.flat()).toEqual([]);
  expect(report.stacks.map((s) => [s.stack, s.host, s.result])).toEqual([
    ["client", "client", "up"],
    ["cloud", "cloud", "up"],
    ["nowhere", "nowhere", "failed"],
  ]);
  expect(report.stacks[2]?.reason).toContain("host nowhere: its name cannot be resolved");
  expect(stderr).toContain(
    `next: mend it as said above, then: npx lathe up --project ${bed.projectDir} --stack nowhere`,
  );
  expect(stderr).toMatch(/cloud +cloud +up .*new: (?=.*workspace,)(?=.*image,)(?=.*model null\/1,).*, container, gate/);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect((await outputs(client)).servers[0]?.models).toHaveLength(1);
});

test("up again changes nothing, and neither does pulumi up, which runs the program in a process of its own", async () => {
  const { code, report } = await fleet("up", ["--stack", "client,cloud"]);
  expect([code, ...report.stacks.map((s) => Object.keys(s.changes))]).toEqual([0, ["same"], ["same"]]);
  expect(Object.keys((await tryUp(client)).changes)).toEqual(["same"]);
});

test("Ctrl-C reaches the engines, what is unfinished is reported, and the next up goes on", async () => {
  // Nobody answers at this address: the gate waits, and the engine with it.
  await setConfig(client, { "lathe:address": "192.0.2.1" });
  let asked = false;
  const stopped = await fleet("up", ["--stack", "client,cloud", "--parallel", "1"], (said, pid) => {
    if (asked || !said.includes("waiting until every model answers")) return;
    asked = true;
    process.kill(pid, "SIGINT");
  });
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toContain("Stopping: what has begun is finished.");
  expect(stopped.stderr).toContain("Unfinished: client (stopped half way), cloud (not begun).");
  await setConfig(client, { "lathe:address": hostOf(bed.lab, "client").address });
  const { code, stderr } = await fleet("up", ["--stack", "client"]);
  expect(code, stderr).toBe(0);
});

test("down leaves nothing on any host, and the stacks stay to be brought up again", async () => {
  const { code, stderr, report } = await fleet("down", []);
  expect(code, stderr).toBe(0);
  expect(report.stacks.map((s) => s.result)).toEqual(["down", "down", "down"]);
  expect([await bed.leftOn("client"), await bed.leftOn("cloud")]).toEqual(["", ""]);
});
