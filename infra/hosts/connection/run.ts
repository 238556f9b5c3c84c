import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { COMMAND_MS, GREETING_RETRIES, GREETING_RETRY_MS } from "../../deadlines.ts";
import type { SshTarget } from "../target.ts";
import { closedPassage, type RunResult } from "./login-shell.ts";
import { LOCAL_ENGINE, sshArgs, sshEnvironment, THROUGH_JUMP } from "./ssh.ts";

export type { RunResult } from "./login-shell.ts";

export interface RunOptions {
  /** Sent to the command's standard input; absent: empty. A stream is for what is large. */
  readonly input?: string | Uint8Array | Readable;
  /** The command is ended after this time. Default: `COMMAND_MS`, or none where `stallMs` is set. */
  readonly timeoutMs?: number;
  /** The command is ended when for this long it has taken none of its input and said nothing. */
  readonly stallMs?: number;
}

/** What a command may print, both outputs together. The largest that Lathe reads is a host's list of containers. */
const MOST_OUTPUT_BYTES = 16 << 20;

/** What ssh says where sshd dropped the connection before the greeting: too many at once (MaxStartups). Nothing has run. */
const DROPPED_AT_GREETING = /^kex_exchange_identification: /m;

/** This machine's own engine is the one that Docker's provider speaks to, whatever context the user's docker has. */
export function localEnvironment(): NodeJS.ProcessEnv {
  const { DOCKER_CONTEXT: _context, ...rest } = process.env;
  // What programs say is read, in English.
  return { ...rest, DOCKER_HOST: LOCAL_ENGINE, LC_ALL: "C" };
}

/** Lines that say no more than that a connection ended. */
const NO_REASON = /^(kex_exchange_identification:|Connection (closed|reset) by)/;
const ALONE = ["-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ControlPersist=no"];

/** What the ssh of a jump host says, which a shared connection throws away: it is tried once more alone. Undefined: no reason. */
async function jumpReason(target: SshTarget, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { code, stderr } = await runOnce(["ssh", ...ALONE, ...sshArgs(target)], environment, {});
  const reasons = stderr.split("\n").filter((line) => line.trim() !== "" && !NO_REASON.test(line));
  return code === 255 && reasons.length > 0 ? stderr : undefined;
}

const withdrawals = new AsyncLocalStorage<AbortSignal>();

/** Runs `body`; after the signal, it begins no further command on any host and ends with the signal's reason. */
export function withdrawable<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  return withdrawals.run(signal, body);
}

/**
 * Runs a command on a host over SSH, whatever its login shell, or on this machine where there is no target. A command that fails
 * is a value. A connection that sshd dropped at its greeting is tried again.
 */
export async function runOn(
  target: SshTarget | null,
  command: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const way = target === null ? undefined : closedPassage(command);
  const argv = target === null ? command : ["ssh", ...sshArgs(target)];
  // A stream may have been read in part: whoever gave it must begin anew.
  const again = target !== null && (options.input === undefined || isWhole(options.input));
  for (let attempt = 1; ; attempt++) {
    withdrawals.getStore()?.throwIfAborted();
    const environment = target === null ? localEnvironment() : sshEnvironment();
    const raw = await runOnce(argv, environment, options, way?.head);
    const result = way === undefined ? raw : way.read(raw);
    if (target !== null && result.code === 255 && THROUGH_JUMP.test(result.stderr)) {
      const reason = await jumpReason(target, environment);
      if (reason !== undefined) return { ...result, stderr: reason };
    }
    if (!again || result.code !== 255 || !DROPPED_AT_GREETING.test(result.stderr)) return result;
    if (attempt > GREETING_RETRIES) return result;
    // Others wait as well: each somewhere else in a time that doubles.
    await sleep(GREETING_RETRY_MS * 2 ** (attempt - 1) * (1 + Math.random()));
  }
}

function isWhole(input: string | Uint8Array | Readable): input is string | Uint8Array {
  return typeof input === "string" || input instanceof Uint8Array;
}

function runOnce(
  [program = "true", ...args]: readonly string[],
  environment: NodeJS.ProcessEnv,
  options: RunOptions,
  head = "",
): Promise<RunResult> {
  const { input, stallMs } = options;
  const timeoutMs = options.timeoutMs ?? (stallMs === undefined ? COMMAND_MS : undefined);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: environment });
    let timedOutMs: number | undefined;
    const end = (afterMs: number) => {
      timedOutMs ??= afterMs;
      child.kill("SIGTERM");
      // Whatever still holds its pipes open must not hold us.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs, timeoutMs);
    let stall: NodeJS.Timeout | undefined;
    const alive = () => {
      if (stallMs === undefined) return;
      clearTimeout(stall);
      stall = setTimeout(end, stallMs, stallMs);
    };
    const settle = () => {
      clearTimeout(timer);
      clearTimeout(stall);
    };
    alive();
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let bytes = 0;
    for (const [stream, chunks] of [[child.stdout, out] as const, [child.stderr, err] as const]) {
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_OUTPUT_BYTES) return end(0);
        chunks.push(chunk);
        alive();
      });
    }
    child.on("error", (error: NodeJS.ErrnoException) => {
      settle();
      if (error.code === "ENOENT") resolve({ code: 127, stdout: "", stderr: `${program}: not found on this machine` });
      else reject(error);
    });
    child.on("close", (code) => {
      settle();
      if (bytes > MOST_OUTPUT_BYTES)
        return resolve({
          code: null,
          stdout: "",
          stderr: `it printed more than ${MOST_OUTPUT_BYTES >> 20} MiB, and was ended`,
        });
      const [stdout, stderr] = [Buffer.concat(out).toString("utf8"), Buffer.concat(err).toString("utf8")];
      resolve({ code, stdout, stderr, ...(timedOutMs === undefined ? {} : { code: null, timedOutMs }) });
    });
    // A command that ends before it has read its input closes the pipe: its exit code tells why, not this.
    child.stdin.on("error", () => {});
    child.stdin.write(head);
    if (input === undefined || isWhole(input)) child.stdin.end(input ?? "");
    else {
      input.on("data", alive);
      input.on("error", (error) => child.stdin.destroy(error));
      input.pipe(child.stdin);
    }
  });
}
