import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostNames, makeProject } from "../../selfbench/fleet/bed.ts";
import { smallServer } from "../../selfbench/fleet/image.ts";
import { pushImage, type Lab } from "../../lab/index.ts";
import { tryRun } from "../../lab/run.ts";
import { progress } from "../../lib/progress.ts";
import { endLab, freshLab } from "../lab/fresh.ts";
import { TEST_LAB } from "../lab/setup.ts";
import { on } from "../lab/tools.ts";
import { runFleet, type FleetProject } from "./fleet-run.ts";

/*
 * Sixteen hosts behind one jump host, whose sshd has OpenSSH's default MaxStartups and which nobody's ssh config shares a
 * connection to. Their servers are the small ones of selfbench/fleet: what is tried is the way to the hosts.
 */

const LAB = `${TEST_LAB}-many`;
const NAMES = hostNames(16);

let lab: Lab;
let dir: string;
let sshConfig: string;
let project: FleetProject;
beforeAll(async () => {
  const behind = NAMES.map((name) => ({ name, behind: "gate" }));
  lab = await freshLab({ name: LAB, hosts: [{ name: "gate", docker: false }, ...behind] }, progress());
  const { reference: image } = await pushImage(lab, await smallServer(progress()), progress());
  dir = await mkdtemp(join(tmpdir(), "lathe-many-"));
  sshConfig = join(dir, "ssh_config");
  const own = await readFile(lab.sshConfig, "utf8");
  await writeFile(sshConfig, own.replaceAll(/^ +Control.*\n/gm, ""));
  const hosts = NAMES.map((name) => ({ name, address: "" }));
  const made = await makeProject({ lab, hosts, image, dir, sshConfig }, NAMES.length);
  project = { projectDir: made.dir, env: made.env };
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
  await endLab(LAB, progress());
});

const all = (result: string) => NAMES.map((name) => [name, result]);

test("as many plain connections at once do not all get through", async () => {
  const raw = await Promise.all(
    NAMES.flatMap((name) => [name, name]).map((name) => tryRun(["ssh", "-F", sshConfig, name, "true"])),
  );
  expect(raw.filter((r) => r.exitCode !== 0).length).toBeGreaterThan(0);
});

test("all sixteen stacks come up at once, and up again changes nothing", async () => {
  const up = await runFleet(project, "up", ["--parallel", "16"]);
  expect(
    up.report.stacks.map((s) => [s.stack, s.result]),
    up.stderr,
  ).toEqual(all("up"));
  const again = await runFleet(project, "up", ["--parallel", "16"]);
  expect(
    again.report.stacks.map((s) => [s.stack, Object.keys(s.changes)]),
    again.stderr,
  ).toEqual(NAMES.map((name) => [name, ["same"]]));
});

test("down leaves nothing on any of them", async () => {
  const down = await runFleet(project, "down", ["--parallel", "16"]);
  expect(
    down.report.stacks.map((s) => [s.stack, s.result]),
    down.stderr,
  ).toEqual(all("down"));
  // One after the other: the jump host lets plain connections through no better than before.
  const left: string[] = [];
  for (const name of NAMES)
    left.push(await on(lab, name, "docker ps -aq; docker images -q; ls -A .lathe 2>/dev/null; true"));
  expect(left).toEqual(NAMES.map(() => ""));
});
