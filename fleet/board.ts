import { formatSeconds } from "../lib/progress.ts";
import { changed, secondsLeft, secondsOf, type Action, type StackStatus } from "./status.ts";
import { doing } from "./resource-names.ts";

/** Where the run of many stacks is seen: redrawn lines on a terminal, few plain lines in a log. */
export interface Board {
  show(all: readonly StackStatus[]): void;
  /** A line that stays, above what is redrawn. */
  say(text: string): void;
  close(): void;
}

const REDRAW_MS = 1000;
const LOG_EVERY_MS = 15_000;

/** One line for each stack that is at work: what, how far, how long so far and how long it is likely to take. */
export function stackLine(action: Action, status: StackStatus, now: number): string {
  const { stack, state, expected, result } = status;
  const seconds = formatSeconds(secondsOf(status, now));
  if (result !== undefined) {
    const what = changed(status);
    return `${stack}: ${result}${result === "not begun" ? "" : ` (${seconds})`}${what === "" ? "" : `; ${what}`}`;
  }
  if (status.startedAt === undefined) return `${stack}: waiting`;
  const steps = expected === undefined ? `${state.done.size}` : `${state.done.size} of about ${expected.steps}`;
  const time = expected === undefined ? seconds : `${seconds} of about ${formatSeconds(expected.seconds)}`;
  return `${stack}: ${doing(action, state)}, ${steps} steps, ${time}`;
}

/** The state of the whole run, in a line. */
export function totalLine(all: readonly StackStatus[], parallel: number, now: number): string {
  const count = (test: (s: StackStatus) => boolean) => all.filter(test).length;
  const failed = count((s) => s.result === "failed");
  const parts = [
    `${count((s) => s.result !== undefined)} of ${all.length} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${count((s) => s.result === undefined && s.startedAt !== undefined)} at work`,
    `${count((s) => s.result === undefined && s.startedAt === undefined)} waiting`,
  ];
  const left = secondsLeft(all, parallel, now);
  return `${parts.join(", ")}${left === undefined || left < 0.5 ? "" : `; about ${formatSeconds(left)} left`}`;
}

/** All stacks in a few words each, for a note of one line. */
export function noteLine(action: Action, all: readonly StackStatus[]): string {
  return all
    .map((s) => `${s.stack}: ${s.result ?? (s.startedAt === undefined ? "waiting" : doing(action, s.state))}`)
    .join(", ");
}

/** A board on stderr. */
export function board(action: Action, parallel: number, out: NodeJS.WriteStream = process.stderr): Board {
  let all: readonly StackStatus[] = [];
  let drawn = 0;
  let lastLog = Date.now();
  const printed = new Set<string>();
  const clear = () => {
    if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[J`);
    drawn = 0;
  };
  const draw = () => {
    clear();
    const now = Date.now();
    const most = Math.max(3, (out.rows || 24) - 3);
    const atWork = all.filter((s) => s.result === undefined && s.startedAt !== undefined);
    const lines = atWork.slice(0, most).map((s) => `  ${stackLine(action, s, now)}`);
    lines.push(totalLine(all, parallel, now));
    out.write(lines.map((line) => `${line.slice(0, (out.columns || 120) - 1)}\n`).join(""));
    drawn = lines.length;
  };
  const printChanges = () => {
    const now = Date.now();
    for (const status of all) {
      const key = `${status.stack} ${status.result === undefined ? "begun" : "ended"}`;
      if (printed.has(key) || (status.startedAt === undefined && status.result === undefined)) continue;
      printed.add(key);
      // On a terminal those at work are drawn; in a log their beginning is a line.
      if (status.result !== undefined) out.write(`${stackLine(action, status, now)}\n`);
      else if (!out.isTTY) out.write(`${status.stack}${status.host === undefined ? "" : ` (${status.host})`}: begun\n`);
    }
    if (out.isTTY || now - lastLog < LOG_EVERY_MS) return;
    lastLog = now;
    for (const s of all.filter((a) => a.result === undefined && a.startedAt !== undefined))
      out.write(`  ${stackLine(action, s, now)}\n`);
    out.write(`${totalLine(all, parallel, now)}\n`);
  };
  const refresh = () => {
    if (out.isTTY) clear();
    printChanges();
    if (out.isTTY) draw();
  };
  const timer = setInterval(refresh, REDRAW_MS);
  timer.unref();
  return {
    show(now) {
      const ended = now.filter((s) => s.result !== undefined).length > all.filter((s) => s.result !== undefined).length;
      all = [...now];
      if (ended || !out.isTTY) refresh();
    },
    say(text) {
      if (out.isTTY) clear();
      out.write(`${text}\n`);
      if (out.isTTY) draw();
    },
    close() {
      clearInterval(timer);
      if (out.isTTY) clear();
      printChanges();
    },
  };
}
