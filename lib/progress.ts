import { clean, cleanLine } from "./clean.ts";

/** Long work reports here what it does, how far it is and how long it takes. It goes to stderr: stdout is for data. */
export interface Progress {
  /** Starts a named step, and closes the previous one as done. @param expectedSeconds is shown as a hint */
  step(title: string, expectedSeconds?: number): void;
  /** Says something about the running step. A terminal shows it in place of the last note; a log shows it if `keep` is set. */
  note(text: string, keep?: boolean): void;
  /** Closes the running step. */
  done(text?: string): void;
}

const EVERY_MS = 15_000;

let diverted: ((line: string) => void) | undefined;

/** From now on, steps give their lines to `to` and not to stderr. Undefined: to stderr again. */
export function divertProgress(to: ((line: string) => void) | undefined): void {
  diverted = to;
}

/**
 * Progress on stderr: on a terminal one line, redrawn each second; in a log a line at a step's start, every 15 s, at its end.
 *
 * @param total how many steps are to come, when known: shown as `[2/5]`
 * @param write takes the lines of a log in place of stderr and of what `divertProgress` set
 */
export function progress(total?: number, write?: (text: string) => void): Progress {
  const out = process.stderr;
  const elsewhere = write === undefined ? diverted : undefined;
  const tty = write === undefined && diverted === undefined && out.isTTY;
  const print = write ?? ((text: string) => out.write(text));
  const say = elsewhere ?? ((line: string) => print(`${tty ? "\r\x1b[K" : ""}${clean(line)}\n`));
  const everyMs = elsewhere === undefined ? EVERY_MS : Infinity;
  let index = 0;
  let title = "";
  let note = "";
  let startedAt = 0;
  let expected: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastLine = 0;
  const head = () => (total === undefined ? title : `[${index}/${total}] ${title}`);
  const elapsed = () => formatSeconds((Date.now() - startedAt) / 1000);
  const about = () => (expected === undefined ? "" : `about ${formatSeconds(expected)}`);
  const line = () => `${head()}${note && `: ${note}`} … ${elapsed()}${about() && ` of ${about()}`}`;
  const redraw = () => {
    if (tty) out.write(`\r\x1b[K${cleanLine(line()).slice(0, (out.columns || 120) - 1)}`);
    else if (Date.now() - lastLine > everyMs) {
      lastLine = Date.now();
      say(line());
    }
  };
  const done = (text?: string) => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    say(`${head()}${text ? `: ${text}` : ""} (${elapsed()})`);
  };
  return {
    step(next, expectedSeconds) {
      done();
      index += 1;
      title = next;
      note = "";
      expected = expectedSeconds;
      startedAt = lastLine = Date.now();
      if (tty) redraw();
      else say(`${head()}${about() && ` (${about()})`} …`);
      timer = setInterval(redraw, 1000).unref();
    },
    note(text, keep = false) {
      note = text;
      if (tty) redraw();
      else if (keep && timer !== undefined) say(`${head()}: ${text}`);
    },
    done,
  };
}

/** `75` becomes `1 min 15 s`, `0.42` becomes `0.4 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}
