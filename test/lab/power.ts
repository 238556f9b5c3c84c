import { progress as newProgress, type Progress } from "../../lib/progress.ts";
import { bootHost, initOf, stopHost } from "../../lab/hosts/boot.ts";
import { awaitHost } from "../../lab/hosts/ready.ts";
import { parseCpuList } from "../../lib/cpulist.ts";
import { locked } from "../../lab/lock.ts";
import { applyLink } from "../../lab/network/link.ts";
import { hostOf, readLab, type LabHost } from "../../lab/state.ts";
import { bindsOf } from "../../lab/up.ts";

/** Takes the power away from a host of a lab: every process of it ends at once, and it answers to nothing. */
export async function powerCut(lab: string, host: string): Promise<void> {
  hostOf(await readLab(lab), host);
  await stopHost(lab, host);
}

/** Gives a host its power back, waits for sshd and Docker. Its disk is as the cut left it, its link as it was set. */
export async function boot(lab: string, host: string, progress: Progress = newProgress()): Promise<LabHost> {
  return locked(lab, progress, async () => {
    const state = await readLab(lab);
    const known = hostOf(state, host);
    if ((await initOf(lab, host)) === undefined) {
      const limits = { cpus: parseCpuList(known.cpuset), quotaCpus: known.quotaCpus };
      await bootHost(lab, { ...known, limits, binds: bindsOf(lab, known) });
      if (known.link !== null) await applyLink(lab, host, known.link);
    }
    await awaitHost(state, known);
    return known;
  });
}
