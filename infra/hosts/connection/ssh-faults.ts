import { NOT_RUN } from "./login-shell.ts";

/** How far a connection came: what failed is the first of these that did not work. */
export type SshStage = "ssh configuration" | "name" | "port" | "host key" | "login" | "shell" | "connection";

/** Where what a login shell does comes from. */
export const START_FILES = "~/.bashrc, ~/.zshenv, ~/.tcshrc or ~/.config/fish/config.fish";
const OTHER_SHELL = `Look at that user's ${START_FILES} there, or give that user another shell (chsh -s /bin/bash)`;

/** What OpenSSH says when it cannot connect, and what a person does about it. First match wins. */
export const SSH_FAULTS: readonly {
  readonly pattern: RegExp;
  readonly stage: SshStage;
  readonly what: string;
  readonly fix: (ssh: string, stderr: string) => string;
}[] = [
  {
    pattern: new RegExp(`^${NOT_RUN}`),
    stage: "shell",
    what: "its login shell did not run Lathe's command",
    fix: (ssh) => `this must print ok, and nothing else: ${ssh} echo ok. ${OTHER_SHELL}`,
  },
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

/** The command that forgets a changed key: OpenSSH itself names the file and the host's entry in it. */
function forgetKey(stderr: string): string {
  const named = /^\s*(ssh-keygen -f .* -R .*)$/m.exec(stderr)?.[1]?.trim();
  const host = /Host key for (\S+) has changed/.exec(stderr)?.[1] ?? "HOST";
  return named ?? `ssh-keygen -R ${host}`;
}
