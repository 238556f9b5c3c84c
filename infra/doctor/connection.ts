import type { SshFault, SshStage } from "../hosts/connection/diagnose.ts";

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
];

/** What of the connection worked, up to the step that did not. */
export function connectionChecks(fault?: SshFault): Check[] {
  const failed = fault === undefined ? STAGES.length : STAGES.findIndex(([stage]) => stage === fault.stage);
  const checks = STAGES.map(([stage, found], i): Check => {
    if (i < failed && fault?.atJumpHost !== true) return { check: stage, verdict: "ok", found };
    if (i !== failed || fault === undefined) return { check: stage, verdict: "not reached", found: "" };
    return stopped(stage, fault);
  });
  // A fault of the configuration, or one that nobody has seen yet, is of no step.
  return failed === -1 && fault !== undefined ? [stopped(fault.stage, fault)] : checks;
}

/** What would stop `up`, with what to do about it. */
export function stopped(check: string, { what, fix }: { readonly what: string; readonly fix?: string }): Check {
  return { check, verdict: "stop", found: what, ...(fix === undefined ? {} : { fix }) };
}
