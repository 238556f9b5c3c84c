import type { Progress } from "../lib/progress.ts";
import { locked } from "./lock.ts";
import { labRemains, removeLab } from "./teardown.ts";

/*
 * The lab: several hosts on one machine, each with a root, network, processes, sshd and Docker engine of its own.
 * This is what the rest of Lathe uses of it.
 */

export { pushImage, type ImageConfig, type ImageSource, type Layer, type PushedImage } from "./images.ts";
export { dockerHubReachable, mirrorImage } from "./mirror.ts";
export { kindImage } from "./kind-images.ts";
export { setLink } from "./network/link.ts";
export type { HostSpec, LabSpec } from "./spec.ts";
export { Lab, LabHost, type LinkWish, findLab, hostOf, readLab } from "./state.ts";
export { labStatus } from "./status.ts";
export { labUp } from "./up.ts";

/** Removes a lab in any state: only the cache stays. @returns false if there was nothing to remove */
export async function labDown(name: string, progress: Progress): Promise<boolean> {
  return locked(name, progress, async () => {
    if (!(await labRemains(name))) return false;
    progress.step(`lab "${name}": taking it down`, 5);
    await removeLab(name);
    progress.done();
    return true;
  });
}
