import type { SshTarget } from "../hosts/target.ts";
import { diagnoseFacts, diagnoseNoise, diagnoseSsh } from "../hosts/connection/diagnose.ts";
import { parseMachine } from "../hosts/facts/parse-facts.ts";
import { runOn } from "../hosts/connection/run.ts";
import { stopSharing } from "../hosts/connection/ssh.ts";
import { hostChecks, type Findings } from "./checks.ts";
import { connectionChecks, stop, type Check } from "./connection.ts";
import { DOCTOR_SCRIPT, parseExamination } from "./parse.ts";

const TIMEOUT_MS = 60_000;
const CLOCK_READINGS = 3;

/** Looks at one machine and whether a server can be deployed to it, changing nothing there. */
export async function examine(target: SshTarget, wanted: Pick<Findings, "kind" | "ports">): Promise<Check[]> {
  // What an earlier login was allowed (a group, a key) may have changed since: the doctor comes with a new one.
  await stopSharing(target);
  const result = await runOn(target, ["sh", "-s"], { input: DOCTOR_SCRIPT, timeoutMs: TIMEOUT_MS });
  if (result.code === 255 || result.code === null)
    return connectionChecks(diagnoseSsh(target, result.timedOutMs === undefined ? result.stderr : "timed out"));
  const connected = connectionChecks(result.noise === undefined ? undefined : diagnoseNoise(target, result.noise));
  const reading = parseMachine(result.stdout);
  if (!reading.ok) {
    const { what, fix } = diagnoseFacts(target, reading.problem);
    return [...connected, stop("facts", what, fix)];
  }
  const { facts, user, docker } = reading;
  const examination = parseExamination(result.stdout);
  const clock = await clockOf(target);
  return [...connected, ...hostChecks({ target, facts, user, docker, examination, clock, ...wanted })];
}

/** Reads a host's clock between two looks at ours, and keeps the reading that took the least time. */
async function clockOf(target: SshTarget): Promise<Findings["clock"]> {
  let best: Findings["clock"];
  for (let i = 0; i < CLOCK_READINGS; i++) {
    const before = Date.now();
    const { stdout } = await runOn(target, ["date", "+%s.%N"], { timeoutMs: TIMEOUT_MS });
    const after = Date.now();
    const there = Number(stdout.trim()) * 1000;
    const uncertaintyMs = (after - before) / 2;
    if (!(there > 0) || uncertaintyMs >= (best?.uncertaintyMs ?? Infinity)) continue;
    best = { offsetMs: there - (before + after) / 2, uncertaintyMs };
  }
  return best;
}
