import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, lstatSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import type { SshTarget } from "../target.ts";
import { sshDestination } from "./destination.ts";
import { answeringOptions, strictOptions } from "./jumps.ts";
import { LOGIN_TEXT } from "./login-shell.ts";

/**
 * The `ssh` options that every connection of Lathe uses, in one place, so that facts, models, the gate, the bench and the
 * Docker provider share one connection per host (ControlMaster): sshd drops connections above MaxStartups (10:30:100 by
 * default), and each new one costs a key exchange.
 *
 * Strict by decision: an unknown or changed host key stops with an error, whatever the user's ssh config says, at jump hosts
 * too; nothing is ever asked (BatchMode). All else (keys, agent, jump hosts, ports, known_hosts) is the user's own OpenSSH
 * configuration.
 */
export function sshOptions(target: SshTarget, controlDir: string): string[] {
  return [
    ...strictOptions(target),
    ...answeringOptions(target),
    // Those of a user's config are for shells: a port that one has taken fails here.
    ...["-o", "ClearAllForwardings=yes"],
    ...["-o", "ControlMaster=auto", "-o", "ControlPersist=60"],
    ...["-o", `ControlPath=${join(controlDir, `${configTag(target)}%C`)}`],
  ];
}

/** Another config file may mean another key and other known hosts: what one has verified is not shared with another. */
function configTag({ configFile }: SshTarget): string {
  return configFile === undefined ? "" : `${createHash("sha256").update(configFile).digest("hex").slice(0, 8)}-`;
}

/** The whole argument list of an `ssh` that runs on a host what comes by its standard input: see login-shell.ts. */
export function sshArgs(target: SshTarget, controlDir = sshControlDir()): string[] {
  return [...sshOptions(target, controlDir), "-T", ...sshDestination(target), "--", LOGIN_TEXT];
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

/** The environment of every `ssh`: what a user's config has it start (ProxyCommand) must not ask either, and what it says is read. */
export function sshEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, SSH_ASKPASS: "/bin/false", SSH_ASKPASS_REQUIRE: "force", LC_ALL: "C" };
}

/** What ssh says where it went through a jump host, and the connection that it was given ended before a greeting came. */
export const THROUGH_JUMP = /UNKNOWN port 65535|stdio forwarding failed/;

/** Where this machine's own Docker engine is reached. */
export const LOCAL_ENGINE = "unix:///var/run/docker.sock";

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
