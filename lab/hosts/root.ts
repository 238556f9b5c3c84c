import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { labPaths } from "../names.ts";
import { PACKAGES_SOURCE } from "../debian/packages.ts";
import type { PlannedHost } from "../spec.ts";
import { ensureKey } from "../ssh.ts";
import { layUser } from "./user.ts";

const HOST_KEY = "etc/ssh/ssh_host_ed25519_key";

/** A program `service` for the lab's own init: after `service docker start`, dockerd runs, and again after each start of the host. */
const SERVICE = `#!/bin/sh
[ "$1 $2" = "docker start" ] || exec /usr/sbin/service "$@"
grep -q '^dockerd ' /etc/lathe-services || echo 'dockerd /usr/sbin/dockerd' >>/etc/lathe-services
kill -HUP 1
`;

/** What the files of a host's root depend on. */
export interface HostRoot extends Pick<PlannedHost, "name" | "docker" | "user" | "sshPort"> {
  /** The base over which its root is mounted. */
  readonly base: string;
  /** Public key that may log in. */
  readonly authorizedKey: string;
  /** `host:port` of the lab's registry. */
  readonly registry: string;
  /** Every host of the lab, for /etc/hosts. */
  readonly neighbours: readonly { readonly name: string; readonly address: string }[];
}

/**
 * Writes those files into the upper layer of a host's root that differ from its base: names, keys, settings of sshd and Docker.
 * All other files stay: after a power cut a host has its keys and containers again.
 */
export async function layRoot(lab: string, host: HostRoot): Promise<void> {
  const upper = await layFolders(lab, host.name, ["docker"]);
  const put = (path: string, text: string, mode?: number) => putFile(upper, path, text, mode);
  await layNames(upper, host.name, host.neighbours);
  await put("root/.ssh/authorized_keys", `${host.authorizedKey}\n`, 0o600);
  await chmod(join(upper, "root/.ssh"), 0o700);
  await chmod(join(upper, "root"), 0o700);
  // All else is Debian's default, also MaxStartups.
  const sshd = [
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    `HostKey /${HOST_KEY}`,
    ...(host.sshPort === undefined ? [] : [`Port ${host.sshPort}`]),
  ];
  await put("etc/ssh/sshd_config.d/lathe.conf", sshd.map((line) => `${line}\n`).join(""));
  const services = ["sshd /usr/sbin/sshd -D -e"];
  // The registry speaks plain HTTP: only the lab's own bridge leads to it, and images are pinned by digest.
  // A host without Docker has these settings, too, because an engine may be installed later.
  const daemon = {
    "insecure-registries": [host.registry],
    "storage-driver": "overlay2",
    "exec-opts": ["native.cgroupdriver=cgroupfs"],
  };
  await put("etc/docker/daemon.json", `${JSON.stringify(daemon, null, 2)}\n`);
  if (host.docker) services.push("dockerd /usr/sbin/dockerd");
  else {
    await put("etc/apt/sources.list", PACKAGES_SOURCE);
    // The lab's init knows no packages' scripts: installing one must not start a service; `service` does.
    await put("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755);
    await put("usr/local/sbin/service", SERVICE, 0o755);
  }
  const { user, base, authorizedKey } = host;
  if (user !== undefined) await layUser({ base, upper }, { ...user, authorizedKey });
  await layServices(upper, services);
  await ensureKey(join(upper, HOST_KEY), `root@${host.name}`);
}

/** Path of the public host key that `layRoot` makes. */
export function hostKeyPath(lab: string, host: string): string {
  return join(labPaths(lab).host(host), "upper", `${HOST_KEY}.pub`);
}

/** Makes the folders of a host's overlay. @returns the upper one */
export async function layFolders(lab: string, host: string, others: readonly string[] = []): Promise<string> {
  const folder = labPaths(lab).host(host);
  for (const part of ["upper", "work", "root", ...others]) await mkdir(join(folder, part), { recursive: true });
  await chmod(join(folder, "upper"), 0o755);
  return join(folder, "upper");
}

/** Writes a host's name and those of its neighbours. */
export async function layNames(upper: string, name: string, neighbours: HostRoot["neighbours"]): Promise<void> {
  const lines = ["127.0.0.1 localhost", ...neighbours.map((n) => `${n.address} ${n.name}`)];
  await putFile(upper, "etc/hosts", `${lines.join("\n")}\n`);
  await putFile(upper, "etc/hostname", `${name}\n`);
  // The lab has no name server: a look-up fails at once instead of waiting for one.
  await putFile(upper, "etc/resolv.conf", "");
}

/** Writes the list of services that a host's init keeps running. */
export async function layServices(upper: string, services: readonly string[]): Promise<void> {
  await putFile(upper, "etc/lathe-services", services.map((s) => `${s}\n`).join(""));
  const init = join(upper, "usr/local/sbin/lathe-init");
  await mkdir(dirname(init), { recursive: true });
  await copyFile(join(import.meta.dirname, "init.sh"), init);
  await chmod(init, 0o755);
}

/** Writes one file below a root, with the folders above it. */
export async function putFile(root: string, path: string, text: string, mode = 0o644): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, mode);
}
