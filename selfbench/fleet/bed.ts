import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initStackOnly, projectFolder, writeConfig } from "../../infra/pulumi/cli.ts";
import { mustRunOn, script } from "../../infra/hosts/connection/remote.ts";
import { hostOf, labUp, pushImage, type Lab } from "../../lab/index.ts";
import type { Progress } from "../../lib/progress.ts";
import { prepareModel } from "../../models/index.ts";
import { smallServer } from "./image.ts";

/** The model that every host serves. */
export const MODEL = "null";

/** A lab, and all that the contenders deploy to its hosts. */
export interface Bed {
  readonly lab: Lab;
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  /** By digest, in the lab's registry. */
  readonly image: string;
  readonly model: { readonly archive: string; readonly sha256: string };
  /** For the contenders' own files. */
  readonly dir: string;
  remove(): Promise<void>;
}

/** Removes what a killed run has left on the hosts of a lab that was kept. */
const CLEAN = `
docker ps -aq | xargs -r docker rm -f
docker images -q | xargs -r docker rmi -f
rm -rf ~/.lathe ~/.bench-fleet
`;

/** Names of the hosts: `h01`, `h02`, … */
export function hostNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `h${String(i + 1).padStart(2, "0")}`);
}

/** Brings up a lab of hosts, each with the Python that Ansible's modules run in. */
export async function makeBed(name: string, hosts: number, progress: Progress): Promise<Bed> {
  const { archive, sha256 } = await prepareModel(MODEL, progress);
  const source = await smallServer(progress);
  const names = hostNames(hosts);
  const lab = await labUp({ name, hosts: names.map((host) => ({ name: host })), packages: ["python3"] }, progress);
  const { reference } = await pushImage(lab, source, progress);
  await Promise.all(
    names.map((host) => mustRunOn({ destination: host, configFile: lab.sshConfig }, script(CLEAN), "clean")),
  );
  progress.done();
  const dir = await mkdtemp(join(tmpdir(), "lathe-bench-fleet-"));
  return {
    lab,
    hosts: names.map((host) => ({ name: host, address: hostOf(lab, host).address })),
    image: reference,
    model: { archive, sha256 },
    dir,
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** A project with a stack for each of the first hosts, and a backend of its own in a folder. */
export async function makeProject(
  bed: Pick<Bed, "lab" | "hosts" | "image" | "dir"> & { readonly sshConfig?: string },
  hosts: number,
): Promise<{ dir: string; env: Record<string, string> }> {
  const dir = await projectFolder(join(bed.dir, `project-${hosts}`));
  const state = join(dir, "state");
  await mkdir(state);
  const env = { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: "bench" };
  for (const { name } of bed.hosts.slice(0, hosts)) {
    const config = {
      "lathe:host": name,
      "lathe:sshConfig": bed.sshConfig ?? bed.lab.sshConfig,
      "lathe:image": bed.image,
      "lathe:models": [MODEL],
      // The hosts share one machine's memory.
      "lathe:memoryMiB": 256,
    };
    await writeConfig(dir, name, config);
    await initStackOnly({ stack: name, projectDir: dir, env });
  }
  return { dir, env };
}
