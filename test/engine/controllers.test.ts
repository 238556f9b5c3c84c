import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { destroy, tryUp, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { initOf } from "../../lab/hosts/boot.ts";
import { latheProgram } from "../../lib/paths.ts";
import { progress } from "../../lib/progress.ts";
import { boot, powerCut } from "../lab/power.ts";
import { on } from "../lab/tools.ts";
import { makeBed, type Bed } from "./harness.ts";

/*
 * A host whose kernel has no memory controller, as Raspberry Pi OS comes: its engine finds none when it starts, because none is
 * mounted there (version 1 of cgroups), or because the list of controllers that it reads has none (version 2).
 */

const HOST = "edge";

let bed: Bed;
let stack: StackRef;
beforeAll(async () => {
  bed = await makeBed();
  stack = await bed.stack("edge", { "lathe:host": HOST, "lathe:models": "null", "lathe:memoryMiB": "1024" });
});
afterAll(async () => {
  await bed?.down();
  // Its mounts come back with it.
  await powerCut(bed.lab.name, HOST);
  await boot(bed.lab.name, HOST, progress());
});

/** Restarts the host's engine where its control groups have no memory controller. */
const WITHOUT = `
at=/sys/fs/cgroup
if [ -d $at/memory ]; then umount $at/memory
else
  sed 's/memory//' $at/cgroup.controllers > /run/controllers
  mount --bind /run/controllers $at/cgroup.controllers
fi
kill "$(cat /var/run/docker.pid)"
sleep 3
timeout 60 sh -c 'until docker version >/dev/null 2>&1; do sleep 1; done'
`;

async function doctor(): Promise<{ check: string; verdict: string; found: string; fix?: string }[]> {
  const args = [latheProgram, "doctor", HOST, "--ssh-config", bed.lab.sshConfig, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return (
    (JSON.parse(stdout) as { hosts: { checks: { check: string; verdict: string; found: string }[] }[] }).hosts[0]
      ?.checks ?? []
  );
}

test("a host without a memory controller comes up without the limit, says so and how it is switched on, and its gate is green", async () => {
  const pid = await initOf(bed.lab.name, HOST);
  await promisify(execFile)("nsenter", ["-t", `${pid}`, "--mount", "--net", "--uts", "--pid", "sh", "-euc", WITHOUT]);
  expect(await on(bed.lab, HOST, "docker info --format '{{.MemoryLimit}} {{.PidsLimit}}'")).toBe("false true");
  expect((await doctor()).find(({ check }) => check === "limits")).toMatchObject({
    verdict: "note",
    found: expect.stringContaining("memory: a container has no memory limit") as string,
    fix: expect.stringContaining("cgroup_enable=memory") as string,
  });
  const { code, output } = await tryUp(stack);
  expect(code, output).toBe(0);
  expect(output).toContain(
    "host edge: its engine cannot use the cgroup controller memory, so container tf-serving has no memory limit",
  );
  expect(
    await on(bed.lab, HOST, "docker inspect tf-serving --format '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}'"),
  ).toBe("0 4096");
});

test("up again changes nothing, not even after a look at the host", async () => {
  for (const refresh of [false, true]) {
    const again = await tryUp(stack, { refresh });
    expect([again.code, Object.keys(again.changes)], again.output).toEqual([0, ["same"]]);
  }
  await destroy(stack);
});
