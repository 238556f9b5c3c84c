import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { SshTarget } from "../outputs.ts";
import { sshArgs } from "./ssh.ts";

/** What a command on a host left behind. `code` is null where a signal ended it; 255 is ssh's own failure. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Sent to the command's standard input; absent: empty. A stream is for archives. */
  readonly input?: string | Readable;
  /** The command is ended after this time. */
  readonly timeoutMs?: number;
}

/**
 * Runs a command on a host over SSH, or on this machine where there is no target. Never throws for a command that fails:
 * its exit code is a value, and whoever asked decides.
 */
export function runOn(
  target: SshTarget | null,
  command: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const [program = "true", ...args] = target === null ? command : ["ssh", ...sshArgs(target, command)];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") resolve({ code: 127, stdout: "", stderr: `${program}: not found on this machine` });
      else reject(error);
    });
    child.on("close", (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") }),
    );
    // A command that ends before it has read its input closes the pipe: its exit code tells why, not this.
    child.stdin.on("error", () => {});
    const { input } = options;
    if (input === undefined || typeof input === "string") child.stdin.end(input ?? "");
    else {
      input.on("error", (error) => child.stdin.destroy(error));
      input.pipe(child.stdin);
    }
  });
}
