import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeAtomic } from "../../lib/cache/cached.ts";
import { jsonOf } from "../../lib/json.ts";
import { cacheDir } from "../../lib/paths.ts";
import type { HostFacts } from "./facts.ts";
import { MachineScore, measureScore } from "./score.ts";
import type { SshTarget } from "./target.ts";

const Kept = z.object({ state: z.string(), score: MachineScore });

/** The file with a machine's score. Another quota, other CPUs or another kernel: another file. */
function fileOf({ hostname, machineId, kernel, cpu }: HostFacts): string {
  const known = [hostname, machineId ?? "", kernel, cpu.model, cpu.logical.length, cpu.allowed, cpu.quotaCpus];
  return cacheDir("scores", `${createHash("sha256").update(JSON.stringify(known)).digest("hex").slice(0, 32)}.json`);
}

/**
 * A machine's score: the one that was measured since the machine started, with these facts; otherwise it is measured now, and kept. Measuring
 * makes some seconds of load. Never rejects for what the machine says.
 *
 * @param options `anew`: measure in any case. `measure` is replaced in tests
 */
export async function machineScore(
  target: SshTarget | null,
  facts: HostFacts,
  { anew = false, measure = measureScore }: { readonly anew?: boolean; readonly measure?: typeof measureScore } = {},
): Promise<MachineScore> {
  const path = fileOf(facts);
  const kept = anew ? undefined : Kept.safeParse(jsonOf(await readFile(path, "utf8").catch(() => ""))).data;
  const { state, score } = await measure(target, kept?.state);
  if (score === undefined) return kept?.score ?? { unmeasured: "it did not measure" };
  // Without a place to keep it, it is measured again the next time.
  if (state !== undefined && !("unmeasured" in score))
    await writeAtomic(path, JSON.stringify({ state, score })).catch(() => undefined);
  return score;
}
