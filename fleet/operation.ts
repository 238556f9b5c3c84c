import { open, readFile } from "node:fs/promises";
import type { StackRef } from "../infra/pulumi/cli.ts";
import { startPulumi, type Engine } from "../infra/pulumi/engine.ts";
import { NOTHING_YET, afterEvent, type RunState } from "./engine-events.ts";
import { serveEngine } from "./engine-server.ts";
import type { LanguageHost } from "./language-host.ts";

/** What is asked of the engine for one stack. */
interface Request {
  readonly ref: Omit<StackRef, "onLine">;
  /** Arguments of `pulumi`: `["up", …]`. */
  readonly args: readonly string[];
  /** Where the engine reaches this process: see `serveEngine`. */
  readonly socket: string;
  /** Runs the stack's program. */
  readonly languageHost: LanguageHost | undefined;
  /** Where the engine's own words go, for people who want to read them all. */
  readonly log: string;
  readonly onState: (state: RunState) => void;
}

/** An engine at work. */
export interface Operation {
  /** How the engine ended: `code` is null if a signal ended it. */
  readonly ended: Promise<{ readonly code: number | null; readonly state: RunState }>;
  /** Asks it to stop: what has begun is finished, nothing new is begun. A second time ends it at once. */
  interrupt(): void;
}

/** An engine lives for seconds and holds little: if it collects less often, its start takes a quarter less CPU time. */
const GOGC = "400";

/** Starts `pulumi` for one stack and follows its events. */
export function start({ ref, args, socket, languageHost, log, onState }: Request): Operation {
  let engine: Engine | undefined;
  let interrupts = 0;
  const run = async () => {
    let state = NOTHING_YET;
    const onEvent = (json: string) => {
      const next = afterEvent(state, json);
      if (next === state) return;
      state = next;
      onState(state);
    };
    const server = await serveEngine(socket, onEvent, languageHost);
    const words = await open(log, "w", 0o600);
    try {
      if (interrupts > 0) return { code: null, state };
      // `--event-log` is one of the flags that Pulumi has for its own tools.
      const own = { PULUMI_DEBUG_COMMANDS: "true", LATHE_STACK: ref.stack };
      const env = { GOGC: process.env["GOGC"] ?? GOGC, ...own, ...ref.env };
      const all = [...args, "--stack", ref.stack, ...server.args];
      engine = await startPulumi({ ...ref, env }, all, { log: words.fd });
      for (let i = 0; i < interrupts; i++) engine.signal("SIGINT");
      const { code } = await engine.ended;
      return { code, state };
    } finally {
      await words.close();
      server.close();
    }
  };
  return {
    ended: run(),
    interrupt() {
      interrupts += 1;
      engine?.signal("SIGINT");
    },
  };
}

/** What the engine said outside of its events: why it did not even begin. */
export async function lastWords(log: string): Promise<string> {
  const text = await readFile(log, "utf8").catch(() => "");
  const errors = text.split("\n").filter((line) => /^\s*error: /.test(line));
  const chosen = errors.length > 0 ? errors : text.trim().split("\n").slice(-6);
  const words = chosen.map((line) => line.trim().replace(/^error: /, ""));
  return words.join("\n").trim();
}
