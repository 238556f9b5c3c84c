import { type ChildProcess, spawn } from "node:child_process";
import type { Spread } from "./lag.ts";
import { UserError } from "../../lib/errors.ts";
import type { PayloadFiles, Payload } from "../clients/payload.ts";

/** One run of a generator. */
export interface Job {
  readonly ratePerSecond: number;
  /** Length of the whole run. */
  readonly seconds: number;
  /** Length of its beginning, which does not count. */
  readonly leadSeconds: number;
  readonly connections: number;
}

/** The server, its answers, and the programs of the generators. */
export interface Bed {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly payload: Payload;
  readonly files: PayloadFiles;
  /** The other generators; empty if they do not run. And the server, which is a bare timer, too. */
  readonly programs: Readonly<Record<"ghz" | "oha" | "vegeta" | "server", string>>;
  /** Words before a generator's command line, which pin it to a processor; none where there is only one. */
  readonly pinned: readonly string[];
}

/** What a generator itself reports of its run. */
export interface Said extends Spread {
  readonly calls: number;
  /** Calls without an answer, or with an error. */
  readonly failed: number;
  /** How late its calls began by its own log, if it keeps one. */
  readonly logged?: Spread;
}

/** A running generator: its process, and what it reports at its end. */
export interface Running<T = Said> {
  readonly child: ChildProcess;
  readonly said: Promise<T>;
}

/** A program that makes calls at a fixed rate. */
export interface Generator {
  readonly name: string;
  readonly protocol: "grpc" | "rest";
  readonly ours: boolean;
  start(job: Job, bed: Bed): Running;
}

/** Starts a program that runs by itself. @param parse reads its standard output once it has ended well */
export function program<T>(
  argv: readonly string[],
  pinned: readonly string[],
  parse: (stdout: string) => Promise<T> | T,
): Running<T> {
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
