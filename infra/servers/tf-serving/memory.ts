import type { SizedModel } from "../kind.ts";

const MIB = 2 ** 20;

/** Of the process with TensorFlow's library and no model. */
const PROCESS_MIB = 150;
/** Weights are in memory twice: as the graph's constants, and as the operators' own copies in the layout that suits them. */
const COPIES = 2;

/** What a TF Serving takes at the least once each model has answered. Pure. */
export function memoryNeedMiB(models: readonly SizedModel[]): number {
  return PROCESS_MIB + Math.ceil(models.reduce((sum, { bytes }) => sum + COPIES * bytes, 0) / MIB);
}
