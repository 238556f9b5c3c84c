import { spawn } from "node:child_process";
import { latheProgram } from "../../lib/paths.ts";

/** What `npm run up -- --json` says. */
export interface Told {
  readonly stacks: readonly {
    stack: string;
    host: string;
    result: string;
    changes: object;
    reason?: string;
    next?: string;
  }[];
}

/** A project's folder, and the environment that its backend needs. */
export interface FleetProject {
  readonly projectDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs `npm run up` or `down` as a user would; `meanwhile` may watch what it says. */
export function runFleet(
  { projectDir, env }: FleetProject,
  verb: "up" | "down",
  args: readonly string[],
  meanwhile?: (said: string, pid: number) => void,
) {
  const program = latheProgram;
  const child = spawn(process.execPath, [program, verb, "--project", projectDir, "--json", ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    meanwhile?.(stderr, child.pid ?? 0);
  });
  return new Promise<{ code: number | null; stderr: string; told: Told }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (stdout === "") reject(new Error(stderr));
      else resolve({ code, stderr, told: JSON.parse(stdout) as Told });
    });
  });
}
