import type { Fault } from "../../../lib/errors.ts";
import { quoteAll } from "../../../lib/quote.ts";
import { endOf, lastLine } from "../bounds.ts";
import type { SshTarget } from "../target.ts";
import type { FactsProblem } from "../facts/parse-facts.ts";
import { sshDestination } from "./destination.ts";
import { NOT_RUN, type RunResult } from "./login-shell.ts";
import { SSH_FAULTS, START_FILES, type SshStage } from "./ssh-faults.ts";
import { THROUGH_JUMP } from "./ssh.ts";

/** Why a connection failed, and at which stage. */
export interface SshFault extends Fault {
  readonly stage: SshStage;
  /** It was at the jump host: nothing is known of the host behind it. */
  readonly atJumpHost: boolean;
}

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
    what: `host ${target.destination}: ${where}${known?.what ?? "no SSH connection"}${said === undefined ? "" : ` (${lastLine(said.replace(NOT_RUN, ""))})`}`,
    fix: known?.fix(ssh, stderr) ?? `make this work first: ${ssh} true`,
  };
}

/** A login shell that prints text of its own, as a fault: Docker's connection over SSH takes it for the engine's answer. */
export function diagnoseNoise(target: SshTarget, noise: string): SshFault {
  return {
    stage: "shell",
    atJumpHost: false,
    what: `${hostName(target)}: its login shell prints text before any command: ${JSON.stringify(noise)}`,
    expected: "nothing, because Docker's own connection over SSH would take it for an answer of the engine",
    fix:
      `in that user's ${START_FILES} there, print only on a terminal ([ -t 1 ] && …), ` +
      `until this prints ok and nothing else: ${sshCommand(target)} echo ok`,
  };
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
      `make room (${on("df -h")}; ${on("df -i")}, in case there are too many files; ${on("docker system df")}), then run the same command again: it goes on where it stopped`,
  },
  {
    pattern: /Read-only file system/i,
    what: "its file system can only be read: its disk may be failing",
    fix: (on) => `look what its kernel says: ${on("dmesg")}`,
  },
  {
    pattern: /Cannot connect to the Docker daemon|docker\.sock: connect: (no such file|connection refused)/i,
    what: "its Docker engine does not answer",
    fix: (on) => `start it: ${on("sudo systemctl restart docker")}; then run the same command again`,
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
      fix: `see whether it hangs (${on("uptime")}; ${on("docker version")}), then run the same command again`,
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
  return quoteAll(["ssh", ...config, ...sshDestination(target)]);
}
