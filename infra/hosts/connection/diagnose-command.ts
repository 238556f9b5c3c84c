import type { Fault } from "../../../lib/errors.ts";
import type { SshTarget } from "../target.ts";
import type { RunResult } from "./run.ts";
import { sshDestination } from "./ssh.ts";

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
      `make room (${on("df -h")}; ${on("docker system df")}), then the same again: it goes on where it stopped`,
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
  const host = target === null ? "this machine" : `host ${target.destination}`;
  const on = (command: string) => (target === null ? command : `${sshCommand(target)} ${command}`);
  if (result.timedOutMs !== undefined) {
    return {
      what: `${doing}: ${host} did not answer within ${result.timedOutMs / 1000} s`,
      fix: `look whether it hangs (${on("uptime")}; ${on("docker version")}), then the same again`,
    };
  }
  const said = result.stderr.trim() || (result.code === null ? "ended by a signal" : `exit code ${result.code}`);
  const known = HOST_FAULTS.find(({ pattern }) => pattern.test(said));
  if (known === undefined) return { what: `${doing} on ${host.replace(/^host /, "")}: ${said}` };
  return { what: `${doing}: ${host}: ${known.what} (${said.split("\n").at(-1)?.trim()})`, fix: known.fix(on) };
}

/** How a person reaches a host: `ssh -F FILE HOST`. */
export function sshCommand(target: SshTarget): string {
  const config = target.configFile === undefined ? [] : ["-F", target.configFile];
  return ["ssh", ...config, ...sshDestination(target)].join(" ");
}
