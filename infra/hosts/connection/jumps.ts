import { spawnSync } from "node:child_process";
import { quoteAll } from "../../../lib/quote.ts";
import { ALIVE_COUNT, ALIVE_SECONDS, CONNECT_SECONDS } from "../../deadlines.ts";
import type { SshTarget } from "../target.ts";
import { parseDestination, sshDestination, sshWords, type Destination } from "./destination.ts";

/*
 * For ProxyJump, OpenSSH starts one more `ssh` for each jump host, which has none of the options of the first: it would take a host
 * key that the user's config lets it take. So Lathe asks which jumps there are, and says itself how each is made.
 */

/** A chain longer than this is a loop. */
const MOST_JUMPS = 16;
const ASK_MS = 10_000;

/** What holds for each connection, to a host and to the jump hosts before it. */
export function strictOptions(target: SshTarget): string[] {
  return [
    ...configOption(target),
    ...["-o", "BatchMode=yes"],
    ...["-o", "StrictHostKeyChecking=yes"],
    // What a user's config may say for shells of their own, and would change what a command does, or hide why it failed.
    ...["-o", "RemoteCommand=none", "-o", "RequestTTY=no", "-o", "LogLevel=INFO"],
    ...["-o", `ConnectTimeout=${CONNECT_SECONDS}`],
    // A host that dies under a shared connection must not hang whoever uses it next.
    ...["-o", `ServerAliveInterval=${ALIVE_SECONDS}`, "-o", `ServerAliveCountMax=${ALIVE_COUNT}`],
  ];
}

/** What would keep ssh from its command or the command from its input. Older versions of ssh do not know these. */
const FOR_COMMANDS = { sessiontype: "default", stdinnull: "no", forkafterauthentication: "no" } as const;

const known = new Map<string, readonly string[]>();

/**
 * Options that answer what the user's config says of a target: they lead over the jump hosts that it names, and set back what is not
 * for commands. Asked once a process.
 */
export function answeringOptions(target: SshTarget): readonly string[] {
  const key = JSON.stringify([target.configFile, target.destination]);
  const found = known.get(key) ?? answer(target);
  known.set(key, found);
  return found;
}

function answer(target: SshTarget): string[] {
  const said = asked(target, sshDestination(target));
  const set = Object.entries(FOR_COMMANDS).filter(([name, value]) => said[name] !== undefined && said[name] !== value);
  const through = proxyCommand(target);
  return [
    ...set.flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ...(through === "" ? [] : ["-o", `ProxyCommand=${through}`]),
  ];
}

/** Leads over the jump hosts; empty where there are none. */
function proxyCommand(target: SshTarget): string {
  const chain = jumpsTo(target, sshDestination(target));
  // From the first jump on, each is reached through the one before it. In a command, `%` begins what ssh replaces.
  return chain.reduce((before, jump) => {
    const through = before === "" ? ["-o", "ProxyJump=none"] : ["-o", `ProxyCommand=${before}`];
    const words = ["ssh", ...strictOptions(target), ...(jump.own ? [] : through)].map(escaped);
    return quoteAll([...words, "-W", "[%h]:%p", ...sshWords(jump).map(escaped)]);
  }, "");
}

const escaped = (word: string) => word.replaceAll("%", "%%");

/** A jump host. */
interface Jump extends Destination {
  /** The user's config has a command of its own that leads there. */
  readonly own: boolean;
}

/** The jump hosts before a destination, the nearest first. */
function jumpsTo(target: SshTarget, words: readonly string[], more = MOST_JUMPS): Jump[] {
  const { proxyjump = "none" } = asked(target, words);
  if (proxyjump === "none" || more <= 0) return [];
  const [first, ...others] = proxyjump.split(",").map((jump) => ({ ...parseDestination(jump, false), own: false }));
  if (first === undefined) return [];
  const before = jumpsTo(target, sshWords(first), more - others.length - 1);
  const own = before.length === 0 && "proxycommand" in asked(target, sshWords(first));
  return [...before, { ...first, own }, ...others];
}

/** What OpenSSH makes of the user's config for a destination; it opens no connection. Nothing where the config is wrong: ssh says so. */
function asked(target: SshTarget, words: readonly string[]): Record<string, string> {
  const { error, stdout } = spawnSync("ssh", [...configOption(target), "-G", ...words], {
    timeout: ASK_MS,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const lines = (error === undefined ? stdout : "").split("\n").map((line) => /^(\S+) (.*)$/.exec(line) ?? []);
  return Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value]));
}

function configOption({ configFile }: SshTarget): string[] {
  return configFile === undefined ? [] : ["-F", configFile];
}
