import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { LineProgram } from "../../../selfbench/clients/line-program.ts";
import { cached } from "../../../lib/cache/cached.ts";
import { progress } from "../../../lib/progress.ts";
import { run } from "../../../lib/run.ts";
import { pythonEnv } from "../../../models/python.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** A peer in a process of its own, listening on the loopback. */
export interface Peer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one of this folder's Python programs in the environment that has the official stubs. */
export async function pythonPeer(script: string, args: readonly string[] = []): Promise<Peer> {
  return listening(await pythonProgram(script, args));
}

/** The same for a program that prints something else than its port. */
export async function pythonProgram(script: string, args: readonly string[]): Promise<LineProgram> {
  const { python } = await pythonEnv(progress());
  return new LineProgram(script, python, [join(folder, script), ...args]);
}

/** Starts the grpc-go server, built once for each state of its sources. */
export async function goPeer(args: readonly string[] = []): Promise<Peer> {
  const source = join(folder, "go");
  const hash = createHash("sha256");
  for (const name of (await readdir(source)).sort()) hash.update(name).update(await readFile(join(source, name)));
  const dir = await cached("wire", `grpc-go-${hash.digest("hex").slice(0, 16)}`, async (partial) => {
    await run(["go", "build", "-trimpath", "-o", join(partial, "server"), "."], { cwd: source });
  });
  return listening(new LineProgram("the grpc-go server", join(dir, "server"), args));
}

async function listening(worker: LineProgram): Promise<Peer> {
  const { port } = (await worker.next()) as { port: number };
  return { port, stop: () => worker.stop() };
}
