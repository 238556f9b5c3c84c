import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, lstatSync, chmodSync } from "node:fs";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { quoteAll } from "../../../lib/quote.ts";
import { ALIVE_COUNT, ALIVE_SECONDS, CONNECT_SECONDS } from "../../deadlines.ts";
import type { SshTarget } from "../target.ts";

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
    // What a user's config may say for shells of their own, and would change what a command does, or hide why it failed.
    ...["-o", "RemoteCommand=none", "-o", "RequestTTY=no", "-o", "LogLevel=INFO"],
    ...["-o", `ConnectTimeout=${CONNECT_SECONDS}`],
    // A host that dies under a shared connection must not hang whoever uses it next.
    ...["-o", `ServerAliveInterval=${ALIVE_SECONDS}`, "-o", `ServerAliveCountMax=${ALIVE_COUNT}`],
    ...["-o", "ControlMaster=auto", "-o", "ControlPersist=60"],
    ...["-o", `ControlPath=${join(controlDir, `${configTag(target)}%C`)}`],
  ];
}

/** Another config file may mean another key and other known hosts: what one has verified is not shared with another. */
function configTag({ configFile }: SshTarget): string {
  return configFile === undefined ? "" : `${createHash("sha256").update(configFile).digest("hex").slice(0, 8)}-`;
}

/**
 * The destination as every OpenSSH takes it. An IPv6 address in a URL or in brackets is refused by some (9.2: "usage:"),
 * and is taken apart here: `ssh://root@[2001:db8::7]:2222` becomes `-p 2222 root@2001:db8::7`.
 */
export function sshDestination({ destination }: SshTarget): string[] {
  const match = /^(?:ssh:\/\/)?([^@/]+@)?\[([^\]]+)\](?::(\d+))?\/?$/.exec(destination);
  if (match === null) return [destination];
  const [, user = "", address = "", port] = match;
  return [...(port === undefined ? [] : ["-p", port]), `${user}${address}`];
}

/** The whole argument list of an `ssh` that runs `command` on a host. The command is quoted once, here. */
export function sshArgs(target: SshTarget, command: readonly string[], controlDir = sshControlDir()): string[] {
  return [...sshOptions(target, controlDir), "-T", ...sshDestination(target), "--", quoteAll(command)];
}

/**
 * Makes the next `ssh` to a host log in anew, because a login keeps the groups that its user had when it was made. The shared
 * connection takes no further commands and ends with those that run.
 */
export async function stopSharing(target: SshTarget, controlDir = sshControlDir()): Promise<void> {
  const args = [...sshOptions(target, controlDir), "-O", "stop", ...sshDestination(target)];
  // Where there is none it fails, and that is as well.
  await new Promise<void>((resolve) => execFile("ssh", args, { timeout: 10_000 }, () => resolve()));
}

/** The environment of every `ssh`: a jump host's own ssh has none of our options, and must not ask either. */
export function sshEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, SSH_ASKPASS: "/bin/false", SSH_ASKPASS_REQUIRE: "force" };
}

/** What ssh says where it went through a jump host, and the connection that it was given ended before a greeting came. */
export const THROUGH_JUMP = /UNKNOWN port 65535|stdio forwarding failed/;

/** Where this machine's own Docker engine is reached. */
export const LOCAL_ENGINE = "unix:///var/run/docker.sock";

/** The URL by which Docker reaches an engine over SSH: an IPv6 address stands in brackets there, and not for `ssh`. */
export function dockerHostUrl(target: SshTarget): string {
  const { destination } = target;
  if (destination.startsWith("ssh://")) return destination;
  if (destination.endsWith("]")) return `ssh://${destination}`;
  const at = destination.lastIndexOf("@") + 1;
  const [user, host] = [destination.slice(0, at), destination.slice(at)];
  return `ssh://${user}${isIPv6(host) ? `[${host}]` : host}`;
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
