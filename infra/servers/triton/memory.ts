import type { SizedModel } from "../kind.ts";
import type { TritonSettings } from "./settings.ts";

const MIB = 2 ** 20;

/** Of Triton itself and TensorFlow's library, without a model. */
const PROCESS_MIB = 200;
/** Weights are in memory twice: as the graph's constants, and as the operators' own copies in the layout that suits them. */
const COPIES = 2;

/** What a Triton takes at the least once each instance of each model has answered. Pure. */
export function memoryNeedMiB(models: readonly SizedModel[], { instances }: TritonSettings): number {
  return PROCESS_MIB + Math.ceil((instances * models.reduce((sum, { bytes }) => sum + COPIES * bytes, 0)) / MIB);
}
