import { randomBytes } from "node:crypto";
import { quoteAll } from "../../../lib/quote.ts";

/*
 * Every `ssh` hands its command to the user's login shell, which may be any shell, and may print what it likes before. So a login
 * shell reads one fixed text alone, and `sh` reads from standard input, in one line, what is to be run. Marks tell where the
 * command's output begins, and that all of it ran: not the exit code, which is the login shell's.
 */

/**
 * All that a login shell ever reads: words that bash, dash, zsh, ksh, tcsh and fish take alike. `read` takes single bytes, so that
 * what follows the line is the command's own input. A start file that reads from standard input takes the line away: then nothing
 * is run.
 */
export const LOGIN_TEXT = "exec sh -c 'set -f; IFS=; read -r l; case $l in LATHE=*) eval $l;; esac'";

/** What begins ssh's words, in place of its own, where a login shell ran nothing of ours. */
export const NOT_RUN = "lathe: not run:";

/** So much is shown of what a login shell printed. */
const SHOWN = 200;

/** What a command on a host left behind. `code` is null where it was cut off; 255: ssh failed, or the login shell ran nothing of ours. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Set where it was ended for having taken too long: how long that was. */
  readonly timedOutMs?: number;
  /** How what the login shell printed before the command begins; absent: it printed nothing. */
  readonly noise?: string;
}

/** A command on its way through a login shell. */
export interface Passage {
  /** What goes to standard input before the command's own: one line. */
  readonly head: string;
  /** The line of standard output after which all is the command's. */
  readonly begin: string;
}

/** For a command that speaks with us as long as it runs: nothing comes after its own output. */
export function openPassage(command: readonly string[]): Passage {
  return passage(command, (words) => `exec ${words}`);
}

/**
 * For a command that comes to an end.
 *
 * @returns `read` makes of what ssh left behind what the command did. Code 255: no command ran
 */
export function closedPassage(command: readonly string[]): Passage & { read(raw: RunResult): RunResult } {
  const made = passage(command, (words, mark) => `( exec ${words} )\nprintf '\\n${mark} end %s\\n' "$?"`);
  return { ...made, read: (raw) => readMarked(raw, made.begin) };
}

function passage(command: readonly string[], body: (words: string, mark: string) => string): Passage {
  const mark = `@@lathe-${randomBytes(6).toString("hex")}`;
  const begin = `printf '\\n${mark} begin\\n'`;
  const lines = ["unset l", "LC_ALL=C; export LC_ALL", `${begin}; ${begin} >&2`, body(quoteAll(command), mark)];
  return {
    head: `LATHE=; unset LATHE IFS; set +f; eval "$(printf %b '${oneLine(lines.join("\n"))}')"\n`,
    begin: `${mark} begin`,
  };
}

/** A text as `printf %b` takes it: printable ASCII without quotes, on one line, because some shells' `read` changes other bytes. */
function oneLine(text: string): string {
  const escaped = (byte: number) => `\\0${byte.toString(8).padStart(3, "0")}`;
  return [...Buffer.from(text)]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c ? String.fromCharCode(byte) : escaped(byte),
    )
    .join("");
}

/** What the command did, by its marks. Pure. */
function readMarked(raw: RunResult, begin: string): RunResult {
  const [noise, out] = cut(raw.stdout, begin);
  const [, err] = cut(raw.stderr, begin);
  if (out === undefined) {
    if (raw.code === 255 || raw.code === null) return raw;
    const said = [raw.stdout, raw.stderr].map((text) => text.trim()).find((text) => text !== "");
    const shown = said === undefined ? "it printed nothing" : `it printed ${JSON.stringify(said.slice(0, SHOWN))}`;
    return { code: 255, stdout: "", stderr: `${NOT_RUN} exit code ${raw.code}, and ${shown}` };
  }
  const stderr = err ?? raw.stderr;
  const printed = noise.trim();
  const heard = printed === "" ? {} : { noise: printed.slice(0, SHOWN) };
  const at = out.lastIndexOf(`\n${begin.replace(/begin$/, "end")} `);
  const ended = at < 0 ? null : /^\n\S+ end (\d+)\n/.exec(out.slice(at));
  if (ended !== null) {
    const code = Number(ended[1]);
    // 255 is ssh's own.
    return { code: code === 255 ? 254 : code, stdout: out.slice(0, at), stderr, ...heard };
  }
  // Cut off: by ssh, by us, or by whatever ended the shell there.
  if (raw.code === 255 || raw.code === null) return { ...raw, stdout: out, stderr, ...heard };
  return { code: null, stdout: out, stderr: `${stderr.trim()}\nit was cut off before its end`.trim(), ...heard };
}

/** A text before and after the line that begins the command's own. */
function cut(text: string, begin: string): [before: string, after: string | undefined] {
  const line = `\n${begin}\n`;
  const at = text.indexOf(line);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + line.length)];
}
