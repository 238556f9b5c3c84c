import { type ChildProcess, spawn } from "node:child_process";
import type { Spread } from "./lag.ts";
import { UserError } from "../../lib/errors.ts";
import type { PayloadFiles, Payload } from "../clients/payload.ts";

/** What a generator is asked for. */
export interface Job {
  readonly ratePerSecond: number;
  /** The whole run. */
  readonly seconds: number;
  /** Of it, so much at the beginning does not count. */
  readonly leadSeconds: number;
  readonly connections: number;
}

/** Where it all runs. */
export interface Bed {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly payload: Payload;
  readonly files: PayloadFiles;
  readonly programs: Readonly<Record<"ghz" | "oha" | "vegeta", string>>;
  /** Words before a generator's command line, which pin it to a processor; none where there is only one. */
  readonly pinned: readonly string[];
}

/** What a generator says of its run. */
export interface Said extends Spread {
  readonly calls: number;
  /** Calls without an answer, or with an error. */
  readonly failed: number;
  /** How late its calls began by its own log, where it keeps one. */
  readonly logged?: Spread;
}

/** A generator at work: its process, and what it says once it is done. */
export interface Running {
  readonly child: ChildProcess;
  readonly said: Promise<Said>;
}

/** A program that makes calls at a fixed rate. */
export interface Generator {
  readonly name: string;
  readonly protocol: "grpc" | "rest";
  readonly ours: boolean;
  start(job: Job, bed: Bed): Running;
}

/** Starts a program that runs by itself. @param parse reads its standard output once it has ended well */
export function program(
  argv: readonly string[],
  pinned: readonly string[],
  parse: (stdout: string) => Promise<Said> | Said,
): Running {
  const [first = "", ...args] = [...pinned, ...argv];
  const child = spawn(first, args, { stdio: ["ignore", "pipe", "pipe"] });
  const told = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => (told[name] += text));
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) return resolve();
      const what = `${argv[0] ?? ""} ended with exit code ${code ?? "?"}: ${told.stderr.slice(-500).trim()}`;
      reject(new UserError({ what }));
    });
  });
  return { child, said: ended.then(() => parse(told.stdout)) };
}
