import type { Fault } from "../../lib/errors.ts";
import type { SshTarget } from "../outputs.ts";
import type { FactsProblem } from "./parse-facts.ts";

/** What OpenSSH says when it cannot connect, and what a person does about it. First match wins. */
const SSH_FAULTS: readonly {
  readonly pattern: RegExp;
  readonly what: string;
  readonly fix: (ssh: string) => string;
}[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/i,
    what: "its host key is not the one in known_hosts: another machine may be answering",
    fix: (ssh) => `make sure it is your machine (compare its key at its console), then: ssh-keygen -R HOST && ${ssh}`,
  },
  {
    pattern: /Host key verification failed|host key is known for/i,
    what: "its host key is not in known_hosts, and Lathe trusts no key by itself",
    fix: (ssh) => `connect once yourself, compare the fingerprint, accept it: ${ssh}`,
  },
  {
    pattern: /Permission denied|Too many authentication failures|no mutual signature|sign_and_send_pubkey/i,
    what: "it refused the login",
    fix: (ssh) =>
      `this must work without a password (key in ssh-agent, or IdentityFile in your ssh config): ${ssh} true`,
  },
  {
    pattern: /Could not resolve hostname/i,
    what: "its name cannot be resolved",
    fix: () => "check the name: pulumi config set lathe:host USER@NAME",
  },
  {
    pattern: /Connection refused/i,
    what: "it is there, but no SSH server answers at that port",
    fix: () => "start sshd there, or name the port: pulumi config set lathe:host ssh://USER@NAME:PORT",
  },
  {
    pattern: /timed out|timeout|No route to host|Network is unreachable|Connection (closed|reset)|Broken pipe/i,
    what: "it cannot be reached",
    fix: (ssh) => `check that it is on and reachable: ${ssh} true`,
  },
  {
    pattern: /Can't open user config file/i,
    what: "the ssh config file is not there",
    fix: () => "pulumi config set lathe:sshConfig FILE, or pulumi config rm lathe:sshConfig for your own ~/.ssh/config",
  },
];

/** Why `ssh` itself failed (exit code 255, or no ssh at all), as a fault with the next step. */
export function diagnoseSsh(target: SshTarget, stderr: string): Fault {
  const ssh = `ssh ${target.configFile === undefined ? "" : `-F ${target.configFile} `}${target.destination}`;
  const said = stderr
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("@"))
    .at(-1);
  const known = SSH_FAULTS.find(({ pattern }) => pattern.test(stderr));
  return {
    what: `host ${target.destination}: ${known?.what ?? "no SSH connection"}${said === undefined ? "" : ` (${said})`}`,
    fix: known?.fix(ssh) ?? `make this work first: ${ssh} true`,
  };
}

/** Why a host that answers cannot be used, as a fault with the next step. */
export function diagnoseFacts(target: SshTarget | null, problem: FactsProblem): Fault {
  const host = target === null ? "this machine" : `host ${target.destination}`;
  const on = target === null ? "" : ` on ${target.destination}`;
  switch (problem.kind) {
    case "no-docker":
      return {
        what: `${host}: no docker command there`,
        expected: "a Docker engine, 20.10 or newer",
        fix: `install it${on}: sudo apt-get install docker.io`,
      };
    case "docker-permission":
      return {
        what: `${host}: this user may not talk to the Docker engine (${lastLine(problem.detail)})`,
        fix: `sudo usermod -aG docker USER${on}, then end its shared connection: ssh -O exit HOST`,
      };
    case "docker-down":
      return {
        what: `${host}: the Docker engine does not answer (${lastLine(problem.detail)})`,
        fix: `start it${on}: sudo systemctl enable --now docker`,
      };
    case "unreadable":
      return {
        what: `${host}: its facts cannot be read: section "${problem.section}" says ${JSON.stringify(problem.detail)}`,
        expected: "Linux with lscpu (package util-linux) and /proc",
        fix: "a stack never guesses the number of cores: mend the host, or deploy elsewhere",
      };
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
