/** Where long work says what it does, how far it is and how long it still takes. Always stderr: stdout is for data. */
export interface Progress {
  /** Starts a named step; the previous one, if any, is closed as done. `expectedSeconds` gives the reader a hint. */
  step(title: string, expectedSeconds?: number): void;
  /** Says something about the running step: replaces the last note on a terminal, kept quiet elsewhere unless `keep`. */
  note(text: string, keep?: boolean): void;
  /** Closes the running step. */
  done(text?: string): void;
}

/** What of a stream is needed: where it is no terminal, a way to write. */
export type ProgressStream = Partial<Pick<NodeJS.WriteStream, "isTTY" | "columns">> & {
  write(text: string): unknown;
};

const EVERY_MS = 15_000;

let diverted: ((line: string) => void) | undefined;

/** From here on what steps would say on stderr goes to `to`, for somebody draws there; undefined: to stderr again. */
export function divertProgress(to: ((line: string) => void) | undefined): void {
  diverted = to;
}

/**
 * Progress on stderr, or on a stream that is named. On a terminal the running step is one line, redrawn each second with the time it took so far; in a
 * log it is a line at its start, one every 15 seconds, and one at its end.
 *
 * @param total how many steps are to come, when known: shown as `[2/5]`
 */
export function progress(total?: number, stream?: ProgressStream): Progress {
  if (diverted !== undefined && stream === undefined) return linesTo(diverted);
  const out = stream ?? process.stderr;
  let index = 0;
  let title = "";
  let note = "";
  let startedAt = 0;
  let expected: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastNote = 0;
  const tty = out.isTTY === true;
  const head = () => (total === undefined ? "" : `[${index}/${total}] `);
  const elapsed = () => (Date.now() - startedAt) / 1000;
  const hint = () => (expected === undefined ? "" : ` (about ${formatSeconds(expected)})`);
  const line = () =>
    `${head()}${title}${note === "" ? "" : `: ${note}`} … ${formatSeconds(elapsed())}${
      expected === undefined ? "" : ` of about ${formatSeconds(expected)}`
    }`;
  const redraw = () => {
    if (tty) out.write(`\r\x1b[K${line().slice(0, (out.columns || 120) - 1)}`);
    else if (Date.now() - lastNote > EVERY_MS) {
      lastNote = Date.now();
      out.write(`${line()}\n`);
    }
  };
  const close = (text?: string) => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    out.write(`${tty ? "\r\x1b[K" : ""}${head()}${title}${text ? `: ${text}` : ""} (${formatSeconds(elapsed())})\n`);
  };
  return {
    step(next, expectedSeconds) {
      close();
      index += 1;
      title = next;
      note = "";
      expected = expectedSeconds;
      startedAt = lastNote = Date.now();
      if (tty) redraw();
      else out.write(`${head()}${title}${hint()} …\n`);
      timer = setInterval(redraw, 1000);
      timer.unref();
    },
    note(text, keep = false) {
      note = text;
      if (keep && !tty) out.write(`${head()}${title}: ${text}\n`);
      else if (tty) redraw();
    },
    done(text) {
      close(text);
    },
  };
}

/** Progress whose steps are lines at their beginning and end. */
function linesTo(say: (line: string) => void): Progress {
  let step: { readonly title: string; readonly startedAt: number } | undefined;
  const close = (text?: string) => {
    if (step !== undefined)
      say(`${step.title}${text ? `: ${text}` : ""} (${formatSeconds((Date.now() - step.startedAt) / 1000)})`);
    step = undefined;
  };
  return {
    step(title, expectedSeconds) {
      close();
      step = { title, startedAt: Date.now() };
      say(`${title}${expectedSeconds === undefined ? "" : ` (about ${formatSeconds(expectedSeconds)})`} …`);
    },
    note(text, keep = false) {
      if (keep && step !== undefined) say(`${step.title}: ${text}`);
    },
    done: close,
  };
}

/** `75` becomes `1 min 15 s`, `0.42` becomes `0.4 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}
