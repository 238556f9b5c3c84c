import { spawn } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { open, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { repoRoot } from "../lib/paths.ts";
import type { StackRef } from "../infra/pulumi/cli.ts";
import { NOTHING_YET, afterLine, type RunState } from "./engine-events.ts";

/** How often the engine's event log is looked at. */
const POLL_MS = 150;
const READ_BYTES = 16 << 10;

/**
 * An engine and its plugins live for seconds and hold little: collected less often, a start of theirs takes a quarter less of
 * a processor, and no more memory.
 */
const GO = { GOGC: "400" };

/** What is asked of the engine for one stack. */
export interface Request {
  readonly ref: Omit<StackRef, "onLine">;
  /** Arguments of `pulumi`: `["up", …]`. */
  readonly args: readonly string[];
  /** The toolchain's variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the engine's own words go, for people who want to read them all. */
  readonly log: string;
  readonly onState: (state: RunState) => void;
}

/** How the engine ended. */
export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly state: RunState;
}

/** An engine at work. */
export interface Operation {
  readonly ended: Promise<Ended>;
  /** Asks it to stop: what has begun is finished, nothing new is begun. A second time ends it at once. */
  interrupt(): void;
}

/**
 * Starts `pulumi` for one stack and follows its event log.
 *
 * The engine is a group of processes of its own, so that Ctrl-C in a terminal reaches it once, from here, and writes to
 * files and not to pipes: should this process be killed, the engine goes on to its end and leaves no lock and no
 * half-known resource.
 */
export function start(request: Request): Operation {
  let child: ReturnType<typeof spawn> | undefined;
  let interrupts = 0;
  const begin = async (): Promise<Ended> => {
    const dir = await mkdtemp(join(tmpdir(), "lathe-fleet-"));
    const events = join(dir, "events");
    const log = await open(request.log, "w", 0o600);
    try {
      if (interrupts > 0) return { code: null, state: NOTHING_YET };
      const args = [...request.args, "--stack", request.ref.stack, "--event-log", events];
      child = spawn("pulumi", [...args, "--non-interactive", "--color", "never"], {
        cwd: request.ref.projectDir ?? repoRoot,
        // The event log is one of the flags that Pulumi has for its own tools.
        env: { ...GO, ...process.env, ...request.env, ...request.ref.env, PULUMI_DEBUG_COMMANDS: "true" },
        stdio: ["ignore", log.fd, log.fd],
        detached: true,
      });
      const { ended, code } = watch(child);
      const state = await follow(events, ended, code, request.onState);
      return { code: await code, state };
    } finally {
      await log.close();
      await rm(dir, { recursive: true, force: true });
    }
  };
  return {
    ended: begin(),
    interrupt() {
      interrupts += 1;
      child?.kill("SIGINT");
    },
  };
}

function watch(child: ReturnType<typeof spawn>): { ended: () => boolean; code: Promise<number | null> } {
  let over = false;
  const code = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => (over = true));
  code.catch(() => {});
  return { ended: () => over, code };
}

/** Reads the log as it grows, until the engine has ended and all was read. */
async function follow(
  path: string,
  ended: () => boolean,
  end: Promise<unknown>,
  onState: (state: RunState) => void,
): Promise<RunState> {
  let state = NOTHING_YET;
  let rest: Buffer = Buffer.alloc(0);
  let file: number | undefined;
  try {
    for (;;) {
      const last = ended();
      file ??= openIfThere(path);
      const content = Buffer.concat([rest, file === undefined ? rest.subarray(0, 0) : readOn(file)]);
      const whole = last ? content.length : content.lastIndexOf(10) + 1;
      rest = content.subarray(whole);
      if (whole > 0) {
        for (const line of content.toString("utf8", 0, whole).split("\n")) state = afterLine(state, line);
        onState(state);
      }
      if (last) return state;
      await Promise.race([sleep(POLL_MS), end.catch(() => {})]);
    }
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** What has come to a file since it was last read. Not asynchronous: of many engines, that would cost more than the reading. */
function readOn(file: number): Buffer {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.alloc(READ_BYTES);
    const length = readSync(file, part);
    if (length === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, length));
  }
}

/** What the engine said outside of its events: why it did not even begin. */
export async function lastWords(log: string): Promise<string> {
  const text = await readFile(log, "utf8").catch(() => "");
  const errors = text.split("\n").filter((line) => /^\s*error: /.test(line));
  const chosen = errors.length > 0 ? errors : text.trim().split("\n").slice(-6);
  return chosen
    .map((line) => line.trim().replace(/^error: /, ""))
    .join("\n")
    .trim();
}
