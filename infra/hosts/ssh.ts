import { createHash } from "node:crypto";
import { mkdirSync, lstatSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { quoteAll } from "../../lib/quote.ts";
import type { SshTarget } from "../outputs.ts";

/** Seconds to wait for a TCP connection and a host's greeting. */
const CONNECT_TIMEOUT_SECONDS = 10;

/**
 * The `ssh` options that every connection of Lathe uses, in one place, so that facts, models, the gate, the bench and the
 * Docker provider share one connection per host (ControlMaster): sshd drops connections above MaxStartups (10:30:100 by
 * default), and each new one costs a key exchange.
 *
 * Strict by decision: an unknown or changed host key stops with an error, whatever the user's ssh config says; nothing is
 * ever asked (BatchMode). All else (keys, agent, ProxyJump, ports, known_hosts) is the user's own OpenSSH configuration.
 */
export function sshOptions(target: SshTarget, controlDir: string): string[] {
  return [
    ...(target.configFile === undefined ? [] : ["-F", target.configFile]),
    ...["-o", "BatchMode=yes"],
    ...["-o", "StrictHostKeyChecking=yes"],
    ...["-o", `ConnectTimeout=${CONNECT_TIMEOUT_SECONDS}`],
    // A host that dies under a shared connection must not hang whoever uses it next.
    ...["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"],
    ...["-o", "ControlMaster=auto", "-o", "ControlPersist=60"],
    ...["-o", `ControlPath=${join(controlDir, `${configTag(target)}%C`)}`],
  ];
}

/** Another config file may mean another key and other known hosts: what one has verified is not shared with another. */
function configTag({ configFile }: SshTarget): string {
  return configFile === undefined ? "" : `${createHash("sha256").update(configFile).digest("hex").slice(0, 8)}-`;
}

/** The whole argument list of an `ssh` that runs `command` on a host. The command is quoted once, here. */
export function sshArgs(target: SshTarget, command: readonly string[], controlDir = sshControlDir()): string[] {
  return [...sshOptions(target, controlDir), "-T", target.destination, "--", quoteAll(command)];
}

/** The URL by which Docker reaches an engine over SSH. */
export function dockerHostUrl(target: SshTarget): string {
  const { destination } = target;
  return destination.startsWith("ssh://") ? destination : `ssh://${destination}`;
}

/**
 * Folder of the shared connections' sockets: this user's own, and short, because a socket's path may have 104 characters
 * on some systems and OpenSSH adds 40 for the connection's hash and 17 for a temporary name. The same for every session
 * of a user (no XDG_RUNTIME_DIR): it is among the Docker provider's inputs, and `up` from another shell changes nothing.
 */
export function sshControlDir(): string {
  const uid = process.getuid?.() ?? 0;
  const dir = `/tmp/lathe-${uid}`;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = lstatSync(dir);
  // /tmp is everyone's: a folder that somebody else made first could hand our connections to him.
  if (!found.isDirectory() || found.uid !== uid) {
    throw new UserError({ what: `${dir}: not a folder of this user`, fix: `remove it: rm -rf ${dir}` });
  }
  if ((found.mode & 0o077) !== 0) chmodSync(dir, 0o700);
  return dir;
}
