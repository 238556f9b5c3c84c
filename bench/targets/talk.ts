import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { lastLine } from "../../infra/hosts/bounds.ts";
import { openPassage } from "../../infra/hosts/connection/login-shell.ts";
import { script } from "../../infra/hosts/connection/remote.ts";
import { localEnvironment } from "../../infra/hosts/connection/run.ts";
import { sshArgs, sshEnvironment } from "../../infra/hosts/connection/ssh.ts";
import type { SshTarget } from "../../infra/hosts/target.ts";
import { UserError } from "../../lib/errors.ts";
import { endInTime } from "../../lib/run.ts";
import { FREEZE_MS } from "../deadlines.ts";

/** Characters of an answer: whoever prints more is not our program. */
const MOST_CHARACTERS = 64 << 10;

/** A program on a machine that is told things line by line, and answers. */
export interface Talk {
  write(line: string): void;
  /** The lines until one that is `last`, without it. Rejects where they do not come in time. One asks at a time. */
  next(last: string): Promise<readonly string[]>;
  /** Whether it is still there, as far as this machine knows. */
  up(): boolean;
  /** Ends its standard input, and waits for its end. Never rejects. */
  close(): Promise<void>;
}

/** Starts a script on a machine, over SSH or here. It is in a process group of its own: Ctrl-C ends it through its input alone. `fault`: what begins its errors. */
export function openTalk(
  ssh: SshTarget | null,
  text: string,
  args: readonly string[],
  fault = "neighbours of a server cannot be frozen",
): Talk {
  const command = script(text, ...args);
  const way = ssh === null ? undefined : openPassage(command);
  const [program = "sh", ...words] = ssh === null ? command : ["ssh", ...sshArgs(ssh)];
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(program, words, {
    stdio: ["pipe", "pipe", "pipe"],
    env: ssh === null ? localEnvironment() : sshEnvironment(),
    detached: true,
  });
  let said = "";
  let faults = "";
  let gone: string | undefined;
  let look: (() => void) | undefined;
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const end = (why: string) => {
    gone ??= why;
    look?.();
  };
  child.on("error", (error) => end(error.message));
  child.on("close", () => end(lastLine(faults) || "its connection ended"));
  child.stdin.on("error", () => {}); // `close` says the same
  child.stderr.setEncoding("utf8").on("data", (part: string) => (faults = (faults + part).slice(-4000)));
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    said += part;
    if (said.length > MOST_CHARACTERS) {
      said = "";
      child.kill("SIGKILL");
    }
    look?.();
  });
  if (way !== undefined) child.stdin.write(way.head);
  /** What came up to the line `last`; undefined: it is not there yet. */
  const taken = (last: string): readonly string[] | undefined => {
    const lines = said.split("\n");
    const at = lines.indexOf(last);
    // The last piece is no whole line yet.
    if (at < 0 || at === lines.length - 1) return undefined;
    said = lines.slice(at + 1).join("\n");
    return lines.slice(0, at);
  };
  return {
    write: (line) => void child.stdin.write(`${line}\n`),
    up: () => gone === undefined,
    async next(last) {
      const timer = setTimeout(() => end(`it did not answer within ${FREEZE_MS / 1000} s`), FREEZE_MS);
      try {
        for (;;) {
          const lines = taken(last);
          if (lines !== undefined) return lines;
          if (gone !== undefined) throw new UserError({ what: `${fault}: ${gone}` });
          await new Promise<void>((resolve) => (look = resolve));
        }
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => endInTime(child, closed, FREEZE_MS),
  };
}
