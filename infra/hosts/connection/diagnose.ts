import type { Fault } from "../../../lib/errors.ts";
import { endOf, lastLine } from "../bounds.ts";
import type { SshTarget } from "../target.ts";
import type { FactsProblem } from "../facts/parse-facts.ts";
import type { RunResult } from "./run.ts";
import { sshDestination, THROUGH_JUMP } from "./ssh.ts";

/** How far a connection came: what failed is the first of these that did not work. */
export type SshStage = "ssh configuration" | "name" | "port" | "host key" | "login" | "connection";

/** Why a connection failed, and at which stage. */
export interface SshFault extends Fault {
  readonly stage: SshStage;
  /** It was at the jump host: nothing is known of the host behind it. */
  readonly atJumpHost: boolean;
}

/** What OpenSSH says when it cannot connect, and what a person does about it. First match wins. */
const SSH_FAULTS: readonly {
  readonly pattern: RegExp;
  readonly stage: SshStage;
  readonly what: string;
  readonly fix: (ssh: string, stderr: string) => string;
}[] = [
  {
    pattern: /Can't open user config file|Bad configuration option|terminating, \d+ bad configuration/i,
    stage: "ssh configuration",
    what: "the ssh config file is not there or cannot be read",
    fix: () =>
      "npx lathe pulumi config set lathe:sshConfig FILE, or npx lathe pulumi config rm lathe:sshConfig for your own ~/.ssh/config",
  },
  {
    pattern: /REVOKED HOST KEY DETECTED|is marked as revoked/i,
    stage: "host key",
    what: "its host key was revoked (@revoked in known_hosts): whoever answers may have a stolen key",
    fix: () => "find out who revoked it and why; the machine needs a new host key before anything connects to it",
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/i,
    stage: "host key",
    what: "its host key is not the one in known_hosts: another machine may be answering",
    fix: (ssh, stderr) =>
      `make sure it is your machine (compare its key at its console), then: ${forgetKey(stderr)} && ${ssh}`,
  },
  {
    pattern: /Host key verification failed|host key is known for/i,
    stage: "host key",
    what: "its host key is not in known_hosts, and Lathe trusts no key by itself",
    fix: (ssh) => `connect once yourself, compare the fingerprint, accept it: ${ssh}`,
  },
  {
    pattern: /Permission denied|Too many authentication failures|no mutual signature|sign_and_send_pubkey/i,
    stage: "login",
    what: "it refused the login",
    fix: (ssh) =>
      `this must work without a password (key in ssh-agent, or IdentityFile in your ssh config): ${ssh} true`,
  },
  {
    pattern: /Could not resolve hostname|Name or service not known|Temporary failure in name resolution/i,
    stage: "name",
    what: "its name cannot be resolved",
    fix: () => "check the name: npx lathe pulumi config set lathe:host USER@NAME",
  },
  {
    pattern: /Connection refused/i,
    stage: "port",
    what: "it is there, but no SSH server answers at that port",
    fix: () => "start sshd there, or name the port: npx lathe pulumi config set lathe:host ssh://USER@NAME:PORT",
  },
  {
    pattern: /timed out|timeout|No route to host|Network is unreachable|Connection (closed|reset)|Broken pipe/i,
    stage: "port",
    what: "it cannot be reached",
    fix: (ssh) => `check that it is on and reachable: ${ssh} true`,
  },
];

/** Said by the jump host: it was reached, and could not go on to the host. */
const BEYOND_JUMP =
  /open failed: (connect failed|administratively prohibited|unknown channel type)|Session open refused by peer/;

/** Why `ssh` itself failed (exit code 255, or no ssh at all), as a fault with the next step. */
export function diagnoseSsh(target: SshTarget, all: string): SshFault {
  const stderr = endOf(all);
  const ssh = sshCommand(target);
  const lines = stderr
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("@"));
  const known = SSH_FAULTS.find(({ pattern }) => pattern.test(stderr));
  const jump = THROUGH_JUMP.test(stderr);
  // Behind a jump host the last line only says that the connection ended: the reason stands before it.
  const said = (jump ? lines.find((line) => known?.pattern.test(line)) : undefined) ?? lines.at(-1);
  const where = !jump
    ? ""
    : BEYOND_JUMP.test(stderr)
      ? "as its jump host (ProxyJump) sees it, "
      : "at its jump host (ProxyJump): ";
  return {
    stage: known?.stage ?? "connection",
    atJumpHost: jump && !BEYOND_JUMP.test(stderr),
    what: `host ${target.destination}: ${where}${known?.what ?? "no SSH connection"}${said === undefined ? "" : ` (${lastLine(said)})`}`,
    fix: known?.fix(ssh, stderr) ?? `make this work first: ${ssh} true`,
  };
}

/** The command that forgets a changed key: OpenSSH itself names the file and the host's entry in it. */
function forgetKey(stderr: string): string {
  const named = /^\s*(ssh-keygen -f .* -R .*)$/m.exec(stderr)?.[1]?.trim();
  const host = /Host key for (\S+) has changed/.exec(stderr)?.[1] ?? "HOST";
  return named ?? `ssh-keygen -R ${host}`;
}

/** Why a host that answers cannot be used, as a fault with the next step. `user` is whom ssh logs in as. */
export function diagnoseFacts(target: SshTarget | null, problem: FactsProblem, user = ""): Fault {
  const host = hostName(target);
  const on = target === null ? "" : ` on ${target.destination}`;
  const join = user === "root" ? "" : ` && sudo usermod -aG docker ${user === "" ? "USER" : user}`;
  switch (problem.kind) {
    case "no-docker":
      return {
        what: `${host}: no docker command there`,
        expected: "a Docker engine, 20.10 or newer",
        fix:
          "let `npx lathe up` install the distribution's: npx lathe pulumi config set lathe:bootstrap true; " +
          `or do it yourself${on}: sudo apt-get install docker.io${join}`,
      };
    case "docker-permission":
      return {
        what: `${host}: this user may not talk to the Docker engine (${problem.detail})`,
        fix:
          `sudo usermod -aG docker ${user === "" ? "USER" : user}${on}; ` +
          "or let `npx lathe up` do it: npx lathe pulumi config set lathe:bootstrap true",
      };
    case "docker-down":
      return {
        what: `${host}: the Docker engine does not answer (${problem.detail})`,
        fix: `start it${on}: sudo systemctl enable --now docker; or let \`npx lathe up\` do it: npx lathe pulumi config set lathe:bootstrap true`,
      };
    case "docker-old":
      return {
        what: `${host}: its Docker engine is ${problem.version}`,
        expected: "20.10 or newer (API 1.41)",
        fix: `upgrade it${on}: sudo apt-get update && sudo apt-get install docker.io`,
      };
    case "podman":
      return {
        what: `${host}: what is called docker there is Podman`,
        expected:
          "Docker, 20.10 or newer: Podman obeys some of its commands, and has no engine that starts servers again",
        fix: `put Docker in its place${on}: sudo apt-get remove podman-docker && sudo apt-get install docker.io${join}; and unset DOCKER_HOST there if it names Podman's socket`,
      };
    case "unreadable":
      return {
        what: `${host}: its facts cannot be read: section "${problem.section}" says ${JSON.stringify(problem.detail)}`,
        expected: "Linux with lscpu (package util-linux) and /proc",
        fix: "a stack never guesses the number of cores: mend the host, or deploy elsewhere",
      };
  }
}

/** What a host's own programs say when it is the host that is at fault, and what a person does about it. First match wins. */
const HOST_FAULTS: readonly {
  readonly pattern: RegExp;
  readonly what: string;
  /** `on` runs a command there, for a person to type. */
  readonly fix: (on: (command: string) => string) => string;
}[] = [
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    what: "no space is left on its disk",
    fix: (on) =>
      `make room (${on("df -h")}; ${on("df -i")}, for there may be too many files; ${on("docker system df")}), then the same again: it goes on where it stopped`,
  },
  {
    pattern: /Read-only file system/i,
    what: "its file system can only be read: its disk may be failing",
    fix: (on) => `look what its kernel says: ${on("dmesg")}`,
  },
  {
    pattern: /Cannot connect to the Docker daemon|docker\.sock: connect: (no such file|connection refused)/i,
    what: "its Docker engine does not answer",
    fix: (on) => `start it: ${on("sudo systemctl restart docker")}; then the same again`,
  },
  {
    pattern: /permission denied.*docker|docker.*permission denied/i,
    what: "this user may not talk to its Docker engine",
    fix: (on) => `${on("sudo usermod -aG docker USER")}, then end its shared connection: ssh -O exit HOST`,
  },
];

/** Why a command failed on a host that could be reached, as a fault. `doing` is what it was for: `"deliver model null"`. */
export function diagnoseCommand(target: SshTarget | null, doing: string, result: RunResult): Fault {
  const host = hostName(target);
  const on = (command: string) => (target === null ? command : `${sshCommand(target)} ${command}`);
  if (result.timedOutMs !== undefined) {
    return {
      what: `${doing}: ${host} did not answer within ${result.timedOutMs / 1000} s`,
      fix: `look whether it hangs (${on("uptime")}; ${on("docker version")}), then the same again`,
    };
  }
  const said = endOf(result.stderr.trim()) || (result.code === null ? "ended by a signal" : `exit code ${result.code}`);
  const known = HOST_FAULTS.find(({ pattern }) => pattern.test(said));
  if (known === undefined) return { what: `${doing} on ${host.replace(/^host /, "")}: ${said}` };
  return { what: `${doing}: ${host}: ${known.what} (${lastLine(said)})`, fix: known.fix(on) };
}

/** A host as messages name it. */
export function hostName(target: SshTarget | null): string {
  return target === null ? "this machine" : `host ${target.destination}`;
}

/** How a person reaches a host: `ssh -F FILE HOST`. */
export function sshCommand(target: SshTarget): string {
  const config = target.configFile === undefined ? [] : ["-F", target.configFile];
  return ["ssh", ...config, ...sshDestination(target)].join(" ");
}
