import { join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import { fileDigest } from "../../lib/registry/http.ts";
import { run } from "../run.ts";
import { lossNumber } from "./loss.ts";

/** What a line of the forwarder does to packets, one way. */
export interface Shape {
  readonly delayMs: number;
  /** How far a packet's delay may lie from `delayMs`, either way, evenly distributed; at most `delayMs`. */
  readonly jitterMs?: number;
  /** Megabits a second, headers of IP included; null: no limit. */
  readonly mbit: number | null;
  /** Share of packets that are lost. */
  readonly loss?: number;
  /** What loss and jitter are drawn from: a whole number, 0 or more. */
  readonly seed?: number;
}

/** A shape as the forwarder's last arguments. Pure. */
export function shapeArgs({ delayMs, jitterMs = 0, mbit, loss = 0, seed = 0 }: Shape): string[] {
  const micros = (ms: number) => String(Math.round(ms * 1000));
  return [micros(delayMs), micros(jitterMs), String(Math.round((mbit ?? 0) * 1e6)), `${lossNumber(loss)}`, `${seed}`];
}

/** Compiles the forwarder, once. @returns its path */
export async function forwarderProgram(): Promise<string> {
  const source = join(import.meta.dirname, "forwarder.c");
  const key = (await fileDigest(source)).slice(0, 12);
  const dir = await cached("lab", `forwarder-${key}`, async (folder) => {
    await run(["cc", "-O2", "-Wall", "-o", join(folder, "forwarder"), source], {
      what: "compiling the link forwarder (this kernel has no netem)",
      fix: "apt-get install -y gcc libc6-dev",
    });
  });
  return join(dir, "forwarder");
}
