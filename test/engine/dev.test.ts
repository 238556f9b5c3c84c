import { execFile } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StackOutputs } from "../../infra/outputs.ts";
import { initOf } from "../../lab/hosts/boot.ts";
import { repoRoot } from "../../lib/paths.ts";
import { on } from "../lab/tools.ts";
import { makeBed, type Bed } from "./harness.ts";

const HOST = "cloud";

let bed: Bed;
beforeAll(async () => {
  bed = await makeBed();
});
afterAll(() => bed?.down());

/**
 * This machine need have no Docker engine: the process gets a host's network, and in a mount namespace of its own the
 * host's engine, its docker command and one folder. (Links: nothing can be bound from one mount namespace to another.)
 */
const AS_HOST = `
root=/proc/$1/root; shift
mkdir -p $root/run/lathe-dev
mount -t tmpfs tmpfs /run
mkdir /run/bin
ln -s $root/run/lathe-dev /run/lathe-dev
ln -s $root/run/docker.sock /run/docker.sock
ln -s $root/usr/bin/docker /run/bin/docker
PATH="$PWD/node_modules/.bin:/run/bin:$PATH" exec node test/engine/dev-run.ts "$@"
`;

test("dev brings up every role on this machine's own engine, changes nothing the second time, and leaves nothing", async () => {
  const pid = await initOf(bed.lab.name, HOST);
  if (pid === undefined) throw new Error(`host ${HOST} is not up`);
  const config = { "lathe:image": bed.image, "lathe:models": "null", "lathe:workspace": "/run/lathe-dev/stack" };
  await copyFile(join(repoRoot, "Pulumi.dev.yaml"), join(bed.projectDir, "Pulumi.dev.yaml"));
  const shell = ["unshare", "-m", "sh", "-euc", AS_HOST, "as-host", `${pid}`];
  const args = [bed.projectDir, JSON.stringify(bed.env), JSON.stringify(config)];
  const { stdout } = await promisify(execFile)("nsenter", [`--net=/proc/${pid}/ns/net`, ...shell, ...args], {
    cwd: repoRoot,
  });
  const seen = JSON.parse(stdout) as { outputs: unknown; again: object };
  const { machine, servers } = StackOutputs.parse(seen.outputs);
  expect([machine.id, machine.ssh, machine.address]).toEqual(["dev", null, "127.0.0.1"]);
  expect(servers.map((s) => [s.id, s.machineId, s.endpoints.map(({ port }) => port)])).toEqual([
    ["dev/client", "dev", [8500, 8501]],
    ["dev/cloud", "dev", [8510, 8511]],
    ["dev/edge", "dev", [8520, 8521]],
  ]);
  expect(Object.keys(seen.again)).toEqual(["same"]);
  expect(await bed.leftOn(HOST)).toBe("");
  expect(await on(bed.lab, HOST, "ls /run/lathe-dev")).toBe("");
});
