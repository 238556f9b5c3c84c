import { clean, cleanLine } from "../lib/clean.ts";
import { formatSeconds } from "../lib/progress.ts";
import { changed, secondsLeft, secondsOf, type Action, type StackStatus } from "./status.ts";
import { doing } from "./resource-names.ts";

/** Where the run of many stacks is seen: redrawn lines on a terminal, few plain lines in a log. */
interface Board {
  show(all: readonly StackStatus[]): void;
  /** A line that stays, above what is redrawn. */
  say(text: string): void;
  close(): void;
}

const REDRAW_MS = 1000;
const LOG_EVERY_MS = 15_000;

const atWork = (s: StackStatus) => s.result === undefined && s.startedAt !== undefined;
const ended = (s: StackStatus) => s.result !== undefined;

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
  const done = `${count(ended)} of ${all.length} done${failed > 0 ? `, ${failed} failed` : ""}`;
  const waiting = count((s) => !ended(s) && !atWork(s));
  const left = secondsLeft(all, parallel, now);
  return `${done}, ${count(atWork)} at work, ${waiting} waiting${left === undefined || left < 0.5 ? "" : `; about ${formatSeconds(left)} left`}`;
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
  const print = (text: string) => void out.write(`${clean(text)}\n`);
  const clear = () => {
    if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[J`);
    drawn = 0;
  };
  const draw = () => {
    clear();
    const now = Date.now();
    const most = Math.max(3, (out.rows || 24) - 3);
    const lines = all
      .filter(atWork)
      .slice(0, most)
      .map((s) => `  ${stackLine(action, s, now)}`);
    lines.push(totalLine(all, parallel, now));
    out.write(lines.map((line) => `${cleanLine(line).slice(0, (out.columns || 120) - 1)}\n`).join(""));
    drawn = lines.length;
  };
  const printChanges = () => {
    const now = Date.now();
    for (const status of all) {
      const key = `${status.stack} ${ended(status) ? "ended" : "begun"}`;
      if (printed.has(key) || !(ended(status) || atWork(status))) continue;
      printed.add(key);
      // On a terminal those at work are drawn; in a log their beginning is a line.
      if (ended(status)) print(stackLine(action, status, now));
      else if (!out.isTTY) print(`${status.stack}${status.host === undefined ? "" : ` (${status.host})`}: begun`);
    }
    if (out.isTTY || now - lastLog < LOG_EVERY_MS) return;
    lastLog = now;
    for (const s of all.filter(atWork)) print(`  ${stackLine(action, s, now)}`);
    print(totalLine(all, parallel, now));
  };
  const printAbove = (body: () => void) => {
    if (out.isTTY) clear();
    body();
    if (out.isTTY) draw();
  };
  const timer = setInterval(() => printAbove(printChanges), REDRAW_MS).unref();
  return {
    show(now) {
      const more = now.filter(ended).length > all.filter(ended).length;
      all = [...now];
      if (more || !out.isTTY) printAbove(printChanges);
    },
    say: (text) => printAbove(() => print(text)),
    close() {
      clearInterval(timer);
      if (out.isTTY) clear();
      printChanges();
    },
  };
}
