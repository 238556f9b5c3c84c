import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { latheProgram } from "../../lib/paths.ts";

/** What `npx lathe up --json` says. */
export interface FleetReport {
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

/** Runs `npx lathe up` or `down` as a user would; `meanwhile` may watch what it says. */
export function runFleet(
  { projectDir, env }: FleetProject,
  verb: "up" | "down",
  args: readonly string[],
  meanwhile?: (said: string, pid: number) => void,
) {
  const program = latheProgram;
  const all = verb === "down" && !args.includes("--stack") ? ["--all"] : [];
  const child = spawn(process.execPath, [program, verb, "--project", projectDir, "--json", ...all, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    meanwhile?.(stderr, child.pid ?? 0);
  });
  return new Promise<{ code: number | null; stderr: string; report: FleetReport }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (stdout === "") reject(new Error(stderr));
      else resolve({ code, stderr, report: JSON.parse(stdout) as FleetReport });
    });
  });
}

/** TCP ports at which a process of this machine listens; none if it has ended. */
export function listeningPorts(pid: number): number[] {
  if (!existsSync(`/proc/${pid}/fd`)) return [];
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      // Closed meanwhile.
      return "";
    }
  });
  const rows = ["tcp", "tcp6"].flatMap((family) => readFileSync(`/proc/${pid}/net/${family}`, "utf8").split("\n"));
  return rows.flatMap((row) => {
    const [, local = "", , state, , , , , , inode] = row.trim().split(/\s+/);
    const listens = state === "0A" && links.includes(`socket:[${inode}]`);
    return listens ? [parseInt(local.slice(local.indexOf(":") + 1), 16)] : [];
  });
}
