import { type ChildProcess, spawn } from "node:child_process";
import { latheProgram, repoRoot } from "../../lib/paths.ts";

/** What a run of `lathe` ended with, and what it printed: each stream, and both in the order in which they came. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly said: string;
}

/** Starts `lathe` as a user does. @param env its whole environment */
export function startLathe(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [latheProgram, ...args], {
    cwd: repoRoot,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "", said: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      printed[stream] += text;
      printed.said += text;
    });
  return { child, ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, ...printed }))) };
}
