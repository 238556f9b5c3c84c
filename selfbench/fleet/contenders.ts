import { cp, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FACTS_SCRIPT } from "../../infra/hosts/facts/facts-script.ts";
import { mustRunOn } from "../../infra/hosts/connection/remote.ts";
import { UserError } from "../../lib/errors.ts";
import { latheProgram, repoRoot } from "../../lib/paths.ts";
import { runInherited } from "../../lib/run.ts";
import { MODEL, makeProject, type Bed } from "./bed.ts";
import { Inspected, containerScript, dockerRunArgs } from "./docker-run.ts";

/** One way to bring a fleet up and down. */
export interface Contender {
  readonly name: string;
  /** Does its work on the first `hosts` hosts, or throws. @returns processor seconds of its programs on this machine, without the hosts' */
  run(verb: "up" | "down", hosts: number): Promise<number>;
}

/** The folder on each host that all contenders but Lathe use. */
const WORKSPACE = "/root/.bench-fleet";
const steps = join(repoRoot, "selfbench", "fleet", "steps");
const playbooks = join(repoRoot, "selfbench", "fleet", "ansible");

/** `npx lathe up` and `npx lathe down`, with a project for each number of hosts. */
export function lathe(bed: Bed): Contender {
  const projects = new Map<number, ReturnType<typeof makeProject>>();
  return {
    name: "lathe",
    async run(verb, hosts) {
      const project = projects.get(hosts) ?? makeProject(bed, hosts);
      projects.set(hosts, project);
      const { dir, env } = await project;
      const cli = [process.execPath, latheProgram, verb, "--project", dir, ...(verb === "down" ? ["--all"] : [])];
      return must(bed, `lathe-${verb}`, cli, env);
    },
  };
}

/** Writes the files of the other contenders: their steps as scripts, made from a container that Lathe has started. */
export async function writeSteps(bed: Bed): Promise<void> {
  const target = { destination: bed.hosts[0]?.name ?? "", configFile: bed.lab.sshConfig };
  const text = await mustRunOn(target, ["docker", "inspect", "tf-serving"], "look at Lathe's container");
  const [inspected] = Inspected.array().parse(JSON.parse(text));
  if (inspected === undefined) throw new Error("docker inspect said nothing");
  const models = inspected.HostConfig.Mounts[0]?.Source ?? "";
  const config = await mustRunOn(target, ["cat", `${models}/models.config`], "read the list of models");
  const image = Array.from({ length: 64 }, () => Array.from({ length: 64 }, () => [127, 127, 127]));
  await mkdir(join(bed.dir, "cm"), { recursive: true });
  await cp(steps, bed.dir, { recursive: true });
  const files = {
    "facts.sh": FACTS_SCRIPT,
    "models.config": config,
    "container.sh": containerScript(dockerRunArgs(inspected, bed.hosts[0]?.address ?? ""), inspected.Config.Cmd),
    "predict.json": JSON.stringify({ inputs: [image] }),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(bed.dir, name), content);
}

/** A playbook, with Ansible's fast settings: as many forks as hosts, shared connections, pipelining. */
export function ansible(bed: Bed, playbook: readonly string[]): Contender {
  return {
    name: "ansible",
    async run(verb, hosts) {
      const config = join(bed.dir, "ansible.cfg");
      const share = `-o ControlMaster=auto -o ControlPersist=60s -o ControlPath=${bed.dir}/cm/a-%h`;
      const ini = [
        ...["[defaults]", `forks = ${hosts}`, "host_key_checking = True", "interpreter_python = /usr/bin/python3"],
        ...["nocows = True", `local_tmp = ${bed.dir}/ansible-tmp`],
        ...["[ssh_connection]", "pipelining = True", `ssh_args = -F ${bed.lab.sshConfig} ${share}`],
      ];
      await writeFile(config, `${ini.join("\n")}\n`);
      const inventory = join(bed.dir, `inventory-${hosts}`);
      const lines = bed.hosts.slice(0, hosts).map((h) => `${h.name} address=${h.address} ansible_user=root`);
      await writeFile(inventory, `${lines.join("\n")}\n`);
      const variables = Object.fromEntries(
        Object.entries(settings(bed)).map(([name, text]) => [name.toLowerCase(), text]),
      );
      const args = ["-i", inventory, "-e", JSON.stringify(variables), join(playbooks, `${verb}.yml`)];
      return must(bed, `ansible-${verb}`, [...playbook, ...args], { ANSIBLE_CONFIG: config });
    },
  };
}

/** ssh, docker and curl in a loop of bash, one host after the other or all at once. */
export function shell(bed: Bed, order: "one-by-one" | "at-once"): Contender {
  return {
    name: `shell, ${order.replaceAll("-", " ")}`,
    async run(verb, hosts) {
      const share = `-o ControlMaster=auto -o ControlPersist=60 -o ControlPath=${bed.dir}/cm/s-%h`;
      const env = { DIR: bed.dir, SSH: `ssh -F ${bed.lab.sshConfig} ${share}`, ...settings(bed) };
      const names = bed.hosts.slice(0, hosts).map((h) => `${h.name}=${h.address}`);
      return must(bed, `shell-${verb}`, ["bash", join(bed.dir, "shell.sh"), verb, order, ...names], env);
    },
  };
}

/** What to do on every host: variables of the shell loop, and in lower case of the playbook. */
function settings({ dir, image, model }: Bed) {
  return {
    ...{ WORKSPACE, MODEL, IMAGE: image, CONTAINER: "tf-serving", ARCHIVE: model.archive, SHA256: model.sha256 },
    FACTS_SCRIPT: join(dir, "facts.sh"),
    MODELS_CONFIG: join(dir, "models.config"),
    INSTALL_SCRIPT: join(dir, "install.sh"),
    IMAGE_SCRIPT: join(dir, "image.sh"),
    CONTAINER_SCRIPT: join(dir, "container.sh"),
    PREDICT: join(dir, "predict.json"),
  };
}

/** Runs a command and writes down the processor time that it and all that it waited for took. */
const TIMED = `"$@"; code=$?; times >"$LATHE_TIMES"; exit $code`;

/** Runs a contender's program and writes its output to a file. @throws UserError with the end of its output if it fails */
async function must(bed: Bed, name: string, command: readonly string[], env: Readonly<Record<string, string>>) {
  const path = join(bed.dir, `${name}.log`);
  const times = join(bed.dir, `${name}.times`);
  const log = await open(path, "w");
  try {
    const code = await runInherited(["bash", "-c", TIMED, "bash", ...command], {
      stdio: ["ignore", log.fd, log.fd],
      env: { ...process.env, ...env, LATHE_TIMES: times },
    });
    if (code === 0) return secondsOf(await readFile(times, "utf8"));
    const said = (await readFile(path, "utf8")).trim().split("\n").slice(-15).join("\n");
    throw new UserError({ what: `${name} ended with exit code ${code}:\n${said}` });
  } finally {
    await log.close();
  }
}

/** The seconds that bash's `times` prints, summed: user and system time of bash and of its children (`0m1.250s` each). */
export function secondsOf(times: string): number {
  const each = [...times.matchAll(/(\d+)m(\d+[.,]\d+)s/g)];
  return each.reduce(
    (sum, [, minutes, seconds = ""]) => sum + 60 * Number(minutes) + Number(seconds.replace(",", ".")),
    0,
  );
}
