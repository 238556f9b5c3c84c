import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { fileDigest } from "../../lib/registry/http.ts";
import { run } from "../../lib/run.ts";

/** One datagram that came back. */
export interface Echo {
  readonly number: number;
  readonly rttMs: number;
  /** When the far end had it, seconds of its wall clock. */
  readonly atSeconds: number;
}

const PORT = "9000";

/** Compiles the probe, once. @returns its path */
export async function probeProgram(): Promise<string> {
  const source = join(import.meta.dirname, "probe.c");
  const dir = await cached("selfbench", `probe-${(await fileDigest(source)).slice(0, 12)}`, async (folder) => {
    const fix = "apt-get install -y gcc libc6-dev";
    await run(["cc", "-O2", "-Wall", "-o", join(folder, "probe"), source], { what: "compiling the probe", fix });
  });
  return join(dir, "probe");
}

/** Starts the end that answers. `at`: the program and arguments that run something there. */
export async function startEcho(program: string, at: readonly string[]): Promise<ChildProcess> {
  const [command = "", ...args] = [...at, program, "echo", PORT];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "close").then(() => Promise.reject(new UserError({ what: "the probe's echo ended at once" }))),
  ]);
  return child;
}

/** Sends datagrams of a size (headers of IP included), one every so many microseconds; 0: at once. */
export async function ask(
  program: string,
  at: readonly string[],
  address: string,
  { count, everyUs, bytes }: { readonly count: number; readonly everyUs: number; readonly bytes: number },
): Promise<Echo[]> {
  const printed = await run([...at, program, "ask", address, PORT, `${count}`, `${everyUs}`, `${bytes}`]);
  return printed.split("\n").flatMap((line) => {
    const [number, trip, came] = line.split(" ").map(Number);
    return came === undefined ? [] : [{ number: number ?? NaN, rttMs: (trip ?? NaN) / 1e6, atSeconds: came / 1e9 }];
  });
}
