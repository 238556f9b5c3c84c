import type { SizedModel } from "../kind.ts";

const MIB = 2 ** 20;

/** Of the process with TensorFlow's library and no model: 167 MiB were measured. */
const PROCESS_MIB = 160;
/**
 * How often a model's bytes are in memory at rest, for the graph is kept in several forms. Measured with TensorFlow 2.14's session
 * after one call: 6.3 times (R-FCN, SSD) to 7 times (SSDLite), and twice that while it loads. Graphs with variables hold less.
 */
const COPIES = 4;

/** What a TF Serving takes at the least once each model has answered. Pure. */
export function memoryNeedMiB(models: readonly SizedModel[]): number {
  return PROCESS_MIB + Math.ceil(models.reduce((sum, { bytes }) => sum + COPIES * bytes, 0) / MIB);
}
