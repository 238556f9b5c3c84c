import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sampleMachine } from "../../bench/testing/sample-run.ts";
import type { Machine } from "../../infra/outputs.ts";
import { debianBase } from "../../lab/base.ts";
import { needPrograms } from "../../lab/debian/needs.ts";
import { needHierarchies } from "../../lab/hosts/cgroupfs.ts";
import { lockedForAll } from "../../lab/lock.ts";
import { labPaths } from "../../lab/names.ts";
import { addressIn, hardwareAddress } from "../../lab/network/subnet.ts";
import { chooseSubnet, inNetwork, makeSwitch, plugIn } from "../../lab/network/switch.ts";
import { run, tryRun } from "../../lab/run.ts";
import { ensureKey, sshTo, writeSshFiles } from "../../lab/ssh.ts";
import { removeLab } from "../../lab/teardown.ts";
import { progress } from "../../lib/progress.ts";

/*
 * Guests: machines with a Linux kernel of their own. User Mode Linux is Linux as a program; Debian's has netem, which the kernels of the
 * machines that tests run on may lack. A guest is on a lab's switch, by the cable of a host that is not there.
 */

/** What a guest has. `user-mode-linux` is its kernel, with its modules. */
const PACKAGES = ["openssh-server", "iproute2", "iputils-ping", "kmod", "user-mode-linux"];
const MODULES = ["sch_htb", "sch_tbf", "sch_netem", "cls_u32"];
const BOOT_SECONDS = 60;

/** Guests that are up, and reach each other and are reached by SSH. */
export interface Guests {
  readonly machines: readonly Machine[];
  /** Runs a line in a guest's shell. @returns what it printed */
  on(name: string, line: string): Promise<string>;
  remove(): Promise<void>;
}

/** Starts guests of these names, as a lab of the name `lab`, and removes first what an earlier one has left. */
export async function startGuests(lab: string, names: readonly string[]): Promise<Guests> {
  const steps = progress();
  await needPrograms(["ip", "nsenter", "setpriv", "ssh", "ssh-keygen", "unshare"], steps);
  const base = await debianBase(steps, PACKAGES);
  await needHierarchies(steps);
  await removeLab(lab);
  const paths = labPaths(lab);
  const kernels: ChildProcess[] = [];
  const remove = async () => {
    for (const kernel of kernels) {
      kernel.kill("SIGKILL");
      if (kernel.exitCode === null && kernel.signalCode === null) await once(kernel, "exit");
    }
    await removeLab(lab);
  };
  try {
    await mkdir(paths.dir, { recursive: true });
    const identity = await ensureKey(paths.identity, `lab ${lab}`);
    const subnet = await lockedForAll(async () => {
      const chosen = await chooseSubnet();
      await makeSwitch(lab, chosen);
      return chosen;
    });
    const hosts = names.map((name, i) => ({ name, address: addressIn(subnet, 11 + i), user: "root" }));
    const keys = await Promise.all(hosts.map((host) => layGuest(lab, host.name, host.address, identity)));
    await writeSshFiles(
      lab,
      hosts.map((host, i) => ({ ...host, publicKey: keys[i] ?? "" })),
    );
    for (const { name, address } of hosts) {
      await plugIn(lab, name, { address });
      // The guest has the address, not the namespace that its cable is in.
      await run([...inNetwork(lab, name), "ip", "address", "flush", "dev", "eth0"]);
      kernels.push(await boot(lab, name, base, hardwareAddress(address)));
    }
    await Promise.all(hosts.map(({ name }, i) => awaitGuest(lab, name, kernels[i] as ChildProcess)));
    return {
      machines: hosts.map(({ name, address }) => ({
        ...sampleMachine(name),
        ...{ address, ssh: { destination: name, configFile: paths.sshConfig } },
      })),
      on: async (name, line) => (await run(["ssh", "-F", paths.sshConfig, name, "--", line])).trim(),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Writes the folder that a guest mounts: its keys, the settings of its sshd, and its init. @returns its public host key */
async function layGuest(lab: string, name: string, address: string, authorized: string): Promise<string> {
  const folder = labPaths(lab).host(name);
  await mkdir(folder, { recursive: true });
  const key = await ensureKey(join(folder, "host_key"), `root@${name}`);
  await writeFile(join(folder, "authorized_keys"), `${authorized}\n`, { mode: 0o600 });
  const sshd = ["HostKey /mnt/host_key", "AuthorizedKeysFile /run/authorized_keys", "PidFile none", "UseDNS no"];
  await writeFile(join(folder, "sshd_config"), sshd.map((line) => `${line}\n`).join(""));
  await copyFile(join(import.meta.dirname, "guest-init.sh"), join(folder, "init"));
  await writeFile(join(folder, "settings"), `address=${address}/24\nname=${name}\nmodules="${MODULES.join(" ")}"\n`);
  return key;
}

/** Starts a guest's kernel. It ends with this process, and all its processes with it. */
async function boot(lab: string, name: string, base: string, card: string): Promise<ChildProcess> {
  const folder = labPaths(lab).host(name);
  const log = await open(join(folder, "boot.log"), "w");
  const words = [
    ...["mem=192M", "root=/dev/root", "rootfstype=hostfs", `rootflags=${base}`, "ro", "panic=1"],
    ...[`vec0:transport=raw,ifname=eth0,mac=${card}`, "con0=null,fd:1", "con=null", "ssl=null"],
    `uml_dir=${folder}/`,
    ...["init=/bin/sh", "--", "-c", `"mount -t hostfs -o ${folder} none /mnt && exec sh /mnt/init"`],
  ];
  const contained = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const [program, ...args] = [...inNetwork(lab, name), ...contained, join(base, "usr/bin/linux.uml"), ...words];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", program ?? "", ...args], {
    stdio: ["ignore", log.fd, log.fd],
    env: { ...process.env, TMPDIR: "/dev/shm" },
  });
  await once(child, "spawn");
  await log.close();
  return child;
}

async function awaitGuest(lab: string, name: string, kernel: ChildProcess): Promise<void> {
  const config = labPaths(lab).sshConfig;
  for (
    const until = Date.now() + 1000 * BOOT_SECONDS;
    Date.now() < until && kernel.exitCode === null && kernel.signalCode === null;
  )
    if ((await tryRun(sshTo(config, name, "true"))).exitCode === 0) return;
    else await sleep(200);
  const said = await readFile(join(labPaths(lab).host(name), "boot.log"), "utf8");
  throw new Error(`guest "${name}" did not start:\n${said.split("\n").slice(-20).join("\n")}`);
}
