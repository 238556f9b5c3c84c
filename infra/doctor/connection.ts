import type { SshFault } from "../hosts/connection/diagnose.ts";
import type { SshStage } from "../hosts/connection/ssh-faults.ts";

/** One thing that was looked at. */
export interface Check {
  readonly check: string;
  /** `stop`: `pulumi up` would fail. `note`: it would not, but measured times or a later step may suffer. */
  readonly verdict: "ok" | "note" | "stop" | "not reached";
  readonly found: string;
  /** What to do, where there is something. */
  readonly fix?: string;
}

/** The steps of a connection, as they are taken. */
const STAGES: readonly (readonly [stage: SshStage, found: string])[] = [
  ["name", "is known"],
  ["port", "an SSH server answers"],
  ["host key", "is the one in known_hosts"],
  ["login", "is accepted without a password"],
  ["shell", "runs commands, and prints nothing of its own"],
];

/** What of the connection worked, up to the step that did not. */
export function connectionChecks(fault?: SshFault): Check[] {
  if (fault === undefined) return STAGES.map(([stage, found]) => ok(stage, found));
  const failed = STAGES.findIndex(([stage]) => stage === fault.stage);
  // A fault of the configuration, or one that nobody has seen yet, is of no step.
  if (failed === -1) return [stop(fault.stage, fault.what, fault.fix)];
  return STAGES.map(([stage, found], i): Check => {
    if (i === failed) return stop(stage, fault.what, fault.fix);
    return i < failed && !fault.atJumpHost ? ok(stage, found) : { check: stage, verdict: "not reached", found: "" };
  });
}

export function ok(check: string, found: string): Check {
  return { check, verdict: "ok", found };
}

export function note(check: string, found: string, fix?: string): Check {
  return { check, verdict: "note", found, ...(fix === undefined ? {} : { fix }) };
}

export function stop(check: string, found: string, fix?: string): Check {
  return { ...note(check, found, fix), verdict: "stop" };
}
