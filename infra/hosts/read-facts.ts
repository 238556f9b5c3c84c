import { UserError } from "../../lib/errors.ts";
import type { SshTarget } from "../outputs.ts";
import { diagnoseFacts, diagnoseSsh } from "./diagnose.ts";
import { FACTS_SCRIPT } from "./facts-script.ts";
import type { HostFacts } from "./facts.ts";
import { parseFacts } from "./parse-facts.ts";
import { runOn } from "./run.ts";

const TIMEOUT_MS = 60_000;

/**
 * Reads a host's facts in one SSH call (no target: this machine's). A stack never guesses: where the host cannot be
 * reached, refuses its facts or has no Docker engine, this throws a `UserError` with the next step.
 */
export async function readFacts(target: SshTarget | null): Promise<{ facts: HostFacts; home: string }> {
  // The script travels on standard input, so that the user's login shell there may be any shell.
  const result = await runOn(target, ["sh", "-s"], { input: FACTS_SCRIPT, timeoutMs: TIMEOUT_MS });
  if (target !== null && (result.code === 255 || result.code === null || result.code === 127)) {
    throw new UserError(diagnoseSsh(target, result.code === null ? "timed out" : result.stderr));
  }
  const reading = parseFacts(result.stdout);
  if (!reading.ok) throw new UserError(diagnoseFacts(target, reading.problem));
  return { facts: reading.facts, home: reading.home };
}

/**
 * Where other machines reach a host's ports, if the user did not say: the name that OpenSSH would connect to
 * (`ssh -G` opens no connection), or `127.0.0.1` for this machine.
 */
export async function defaultAddress(target: SshTarget | null): Promise<string> {
  if (target === null) return "127.0.0.1";
  const file = target.configFile === undefined ? [] : ["-F", target.configFile];
  const { code, stdout, stderr } = await runOn(null, ["ssh", ...file, "-G", target.destination], { timeoutMs: 10_000 });
  const name = /^hostname (.+)$/m.exec(stdout)?.[1];
  if (code !== 0 || name === undefined) throw new UserError(diagnoseSsh(target, stderr));
  return name;
}
