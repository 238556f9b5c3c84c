import type { SizedModel } from "../kind.ts";

const MIB = 2 ** 20;

/** Of the process with OpenVINO's library and no model to speak of: the lab's stand-in takes 108 MiB with the null model. */
const PROCESS_MIB = 100;
/** Weights are in memory twice: as the file has them, and in the layout that suits the processor. With what one answer takes, 4 were seen. */
const COPIES = 2;

/** What an OpenVINO Model Server takes at the least once each model has answered. Pure. */
export function memoryNeedMiB(models: readonly SizedModel[]): number {
  return PROCESS_MIB + Math.ceil(models.reduce((sum, { bytes }) => sum + COPIES * bytes, 0) / MIB);
}
