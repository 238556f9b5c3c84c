import { formatSeconds } from "../lib/progress.ts";
import { formatTable } from "../lib/table.ts";
import { stackCommand } from "../stacks/project.ts";
import { changed, nextCommand, secondsOf, type Action, type StackStatus } from "./status.ts";
import { nounOf } from "./resource-names.ts";

/** The end of a run for people: a table, why each failure, and the next command. */
export function formatFleet(action: Action, all: readonly StackStatus[], seconds: number, project?: string): string {
  const now = Date.now();
  const table = formatTable(
    ["stack", "host", "result", { title: "time", align: "right" }, "changed"],
    all.map((s) => [
      s.stack,
      s.host ?? "–",
      s.result ?? "",
      s.startedAt === undefined ? "" : formatSeconds(secondsOf(s, now)),
      changed(s),
    ]),
  );
  const failures = all
    .filter((s) => s.result === "failed")
    .map(({ stack, log, reason = "it gave no reason" }) => {
      const next = `  next: ${nextCommand(action, stack, reason, project)}`;
      return `${stack} failed:\n${indent(reason)}\n${next}\n  all that the engine said: ${log}`;
    });
  const warnings = all.flatMap((s) => s.state.warnings.map((text) => `${s.stack} warns:\n${indent(text)}`));
  return [table, ...warnings, ...failures, lastLine(action, all, seconds, project)].join("\n\n");
}

function lastLine(action: Action, all: readonly StackStatus[], seconds: number, project?: string): string {
  const good = all.filter((s) => s.result === action).length;
  const failed = all.filter((s) => s.result === "failed").length;
  const took = `${good} of ${all.length} ${action} in ${formatSeconds(seconds)}${failed > 0 ? `, ${failed} failed` : ""}`;
  const open = all.filter((s) => s.result === "stopped" || s.result === "not begun");
  if (open.length === 0) return `${took}.`;
  const words = open.map((s) => `${s.stack} (${s.result === "stopped" ? "stopped half way" : "not begun"})`);
  return `${took}. Unfinished: ${words.join(", ")}.\nTo go on: ${stackCommand(action, open.map((s) => s.stack).join(","), project)}`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "    ");
}

/** The same as data. */
export function fleetAsJson(action: Action, all: readonly StackStatus[], seconds: number, project?: string) {
  return {
    action,
    seconds,
    stacks: all.map((s) => ({
      stack: s.stack,
      host: s.host ?? null,
      result: s.result,
      seconds: secondsOf(s, Date.now()),
      changes: s.state.summary ?? {},
      ...(s.state.warnings.length === 0 ? {} : { warnings: s.state.warnings }),
      changed: [...s.state.done.values()].filter((step) => step.op !== "same" && nounOf(step) !== undefined),
      ...(s.reason === undefined ? {} : { reason: s.reason, next: nextCommand(action, s.stack, s.reason, project) }),
      log: s.log,
    })),
  };
}
