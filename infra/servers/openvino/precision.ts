import type { GateRun } from "../../gate/spec.ts";
import { runOn } from "../../hosts/connection/run.ts";

/** The variable and property that asks for a precision. */
const HINT = "INFERENCE_PRECISION_HINT";

/**
 * What a processor must have for OpenVINO to compute in a precision: all flags of one of these lists, as /proc/cpuinfo names them. As in
 * OpenVINO's CPU plugin (src/plugins/intel_cpu/src/utils/precision_support.cpp), where the first is avx512_core, the second avx2_vnni_2.
 */
const NEEDS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  bf16: [["avx512f", "avx512bw", "avx512vl", "avx512dq"], ["avx_ne_convert"]],
  f16: [["avx512_fp16"], ["avx_ne_convert"]],
};

/**
 * A sentence for readers where a precision is asked for that the processor cannot compute in: OpenVINO then takes f32, and the server does
 * not tell. Undefined: it can, or its flags are not known. Pure.
 *
 * @param cpuinfo a line `flags : …` of /proc/cpuinfo
 */
export function precisionNote(asked: string | undefined, cpuinfo: string): string | undefined {
  const [, listed] = /^flags[ \t]*:(.*)/m.exec(cpuinfo) ?? [];
  const ways = NEEDS[asked ?? ""];
  if (listed === undefined || ways === undefined) return undefined;
  const flags = new Set(listed.trim().split(/\s+/));
  if (ways.some((all) => all.every((flag) => flags.has(flag)))) return undefined;
  return `${HINT} ${asked} has no effect: this processor cannot compute in ${asked}, so OpenVINO computes in f32.`;
}

/** The same of a server that runs, by its machine's processor. */
export async function noteOn({ target, env }: Pick<GateRun, "target" | "env">): Promise<string | undefined> {
  const asked = env[HINT];
  if (NEEDS[asked ?? ""] === undefined) return undefined;
  const { stdout } = await runOn(target, ["grep", "-m", "1", "^flags", "/proc/cpuinfo"], { timeoutMs: 20_000 });
  return precisionNote(asked, stdout);
}
