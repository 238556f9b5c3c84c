import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { exists } from "../lib/cache/cached.ts";
import { labPaths } from "./names.ts";
import { run } from "./run.ts";
import type { LabHost } from "./state.ts";

type SshHost = Pick<LabHost, "name" | "address" | "address6" | "user" | "sshPort" | "behind">;

/** A lab's ssh config: hosts by role and by `LAB-ROLE`. Connections are shared, because sshd drops some of many new ones. */
export function sshConfigText(lab: string, hosts: readonly SshHost[]): string {
  const paths = labPaths(lab);
  const blocks = hosts.map((host) =>
    [
      `Host ${host.name} ${lab}-${host.name}`,
      `  HostName ${host.address}`,
      `  User ${host.user}`,
      ...(host.sshPort === undefined ? [] : [`  Port ${host.sshPort}`]),
      ...(host.behind === undefined ? [] : [`  ProxyJump ${host.behind.name}`]),
      `  IdentityFile ${paths.identity}`,
      "  IdentitiesOnly yes",
      `  UserKnownHostsFile ${paths.knownHosts}`,
      "  GlobalKnownHostsFile /dev/null",
      "  StrictHostKeyChecking yes",
      "  PasswordAuthentication no",
      "  BatchMode yes",
      "  ConnectTimeout 10",
      "  ServerAliveInterval 5",
      "  ServerAliveCountMax 3",
      "  ControlMaster auto",
      `  ControlPath ${paths.sockets}/%h`,
      "  ControlPersist 60",
      "",
    ].join("\n"),
  );
  return `# Written by Lathe's lab "${lab}"; gone when it is taken down.\n\n${blocks.join("\n")}`;
}

/** The lines of a known_hosts file for hosts whose public keys are known. */
export function knownHostsText(
  hosts: readonly (Pick<SshHost, "address" | "address6" | "sshPort"> & { readonly publicKey: string })[],
): string {
  return hosts
    .map(({ address, address6, sshPort, publicKey }) => {
      const addresses = address6 === undefined ? [address] : [address, address6];
      const names = addresses.map((a) => (sshPort === undefined ? a : `[${a}]:${sshPort}`));
      return `${names.join(",")} ${publicKey.trim().split(/\s+/).slice(0, 2).join(" ")}\n`;
    })
    .join("");
}

/** The arguments that run a command on a host over a connection of its own. */
export function sshTo(config: string, host: string, ...command: readonly string[]): string[] {
  const alone = ["-o", "ConnectTimeout=5", "-o", "ControlMaster=no", "-o", "ControlPath=none"];
  return ["ssh", "-F", config, ...alone, host, ...command];
}

/** Makes an ed25519 key pair without a passphrase, if there is none. @returns the public key's line */
export async function ensureKey(path: string, comment: string): Promise<string> {
  if (!(await exists(`${path}.pub`))) {
    await mkdir(dirname(path), { recursive: true });
    // A killed ssh-keygen leaves a private key without its public one.
    await rm(path, { force: true });
    await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);
    await chmod(path, 0o600);
  }
  return (await readFile(`${path}.pub`, "utf8")).trim();
}

/** The SHA256 fingerprint of a public key, as ssh prints it. */
export async function fingerprint(publicKeyPath: string): Promise<string> {
  return (await run(["ssh-keygen", "-l", "-f", publicKeyPath])).split(" ")[1] ?? "";
}

/** Writes a lab's ssh_config and known_hosts. */
export async function writeSshFiles(lab: string, hosts: readonly (SshHost & { publicKey: string })[]): Promise<void> {
  const paths = labPaths(lab);
  await mkdir(paths.sockets, { recursive: true, mode: 0o700 });
  await writeFile(paths.knownHosts, knownHostsText(hosts));
  await writeFile(paths.sshConfig, sshConfigText(lab, hosts));
}
