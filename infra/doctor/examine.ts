import { UserError } from "../../lib/errors.ts";
import type { SshTarget } from "../hosts/target.ts";
import { askRegistry } from "../images/registry.ts";
import { diagnoseFacts, diagnoseNoise, diagnoseSsh } from "../hosts/connection/diagnose.ts";
import { parseMachine } from "../hosts/facts/parse-facts.ts";
import { runOn } from "../hosts/connection/run.ts";
import { machineScore } from "../hosts/kept-score.ts";
import { stopSharing } from "../hosts/connection/ssh.ts";
import { hostChecks } from "./checks.ts";
import { connectionChecks, stop, type Check } from "./connection.ts";
import type { Findings } from "./findings.ts";
import { DOCTOR_SCRIPT, parseExamination } from "./parse.ts";

/** What is to be deployed, as far as a person has named it. */
export interface Wanted extends Pick<Findings, "kind" | "ports" | "workspace"> {
  /** Absent: the kind's own. */
  readonly image?: string;
  /** Measure how fast the machine is. */
  readonly score?: boolean;
}

const TIMEOUT_MS = 60_000;
const CLOCK_READINGS = 3;
/** The last moment that a date can be. */
const FURTHEST_MS = 8.64e15;

/** Looks at one machine and whether a server can be deployed to it, changing nothing there. */
export async function examine(target: SshTarget, wanted: Wanted): Promise<Check[]> {
  try {
    return await examined(target, wanted);
  } catch (error) {
    // What one host says is no reason to say nothing of the others.
    if (!(error instanceof UserError)) throw error;
    return error.faults.map(({ what, fix }) => stop("facts", what, fix));
  }
}

async function examined(target: SshTarget, { image, score, ...wanted }: Wanted): Promise<Check[]> {
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
  const { facts, user, home, docker } = reading;
  const examination = parseExamination(result.stdout);
  const clock = await clockOf(target);
  const named = image !== undefined && docker === undefined;
  const there = named ? { image: { reference: image, there: await askRegistry(target, image) } } : {};
  // Last of all: it makes load.
  const speed = score === true ? { score: await machineScore(target, facts, { anew: true }) } : {};
  const findings = { target, facts, user, home, docker, examination, clock, ...wanted, ...there, ...speed };
  return [...connected, ...hostChecks(findings)];
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
    if (!(there > 0 && there < FURTHEST_MS) || uncertaintyMs >= (best?.uncertaintyMs ?? Infinity)) continue;
    best = { offsetMs: there - (before + after) / 2, uncertaintyMs };
  }
  return best;
}
