import { quote } from "../lib/quote.ts";
import { stackCommand } from "../stacks/project.ts";
import type { RunState } from "./engine-events.ts";
import { changesText } from "./resource-names.ts";
import type { Kind, Took } from "./times.ts";

/** How it ended for a stack. `stopped`: Ctrl-C came while its engine was at work; `not begun`: before. */
export type Result = "up" | "down" | "failed" | "stopped" | "not begun";

/** A stack in a run of many, now. */
export interface StackStatus {
  readonly stack: string;
  readonly host: string | undefined;
  readonly kind: Kind;
  /** As earlier runs make likely; undefined if there was none. */
  readonly expected: Took | undefined;
  /** Milliseconds since the epoch; undefined: it waits. */
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly state: RunState;
  readonly result?: Result | undefined;
  /** Why it failed. */
  readonly reason?: string | undefined;
  /** Where the engine's own words are. */
  readonly log: string;
}

export type Action = "up" | "down";

/** Seconds that a stack's engine has been at work, or was. */
export function secondsOf({ startedAt, endedAt }: StackStatus, now: number): number {
  return startedAt === undefined ? 0 : ((endedAt ?? now) - startedAt) / 1000;
}

/** Seconds until all are done, as earlier runs make likely; undefined if a stack has no earlier run. */
export function secondsLeft(all: readonly StackStatus[], parallel: number, now: number): number | undefined {
  const open = all.filter((s) => s.result === undefined);
  if (open.some((s) => s.expected === undefined)) return undefined;
  const left = open.map((s) => Math.max(0, (s.expected?.seconds ?? 0) - secondsOf(s, now)));
  const total = left.reduce((sum, seconds) => sum + seconds, 0);
  return Math.max(0, ...left, total / Math.max(1, Math.min(parallel, open.length)));
}

/** What was changed on a stack, for the table. */
export function changed(status: StackStatus): string {
  if (status.result === "not begun") return "";
  const text = changesText(status.state);
  return text === "nothing" && status.result !== "up" && status.result !== "down" ? "nothing yet" : text;
}

/** The command that goes on where a stack's run ended badly: a locked stack, for one, must first be unlocked. */
export function nextCommand(action: Action, stack: string, reason: string, project?: string): string {
  const again = stackCommand(action, stack, project);
  if (/currently locked|another update is (currently )?in progress|conflict: .*in progress/i.test(reason))
    return `if nobody else is at work on it: npx lathe pulumi cancel --stack ${stack}${project === undefined ? "" : ` --cwd ${quote(project)}`} && ${again}`;
  if (/passphrase/i.test(reason)) return `export PULUMI_CONFIG_PASSPHRASE=… (that of this stack), then: ${again}`;
  return /\bfix: /.test(reason) ? `mend it as said above, then: ${again}` : again;
}
