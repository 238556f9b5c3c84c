import { progress as newProgress, type Progress } from "../lib/progress.ts";
import { bootHost, initOf, stopHost } from "./hosts/boot.ts";
import { awaitHost } from "./hosts/ready.ts";
import { parseCpuList } from "./hosts/limits.ts";
import { locked } from "./lock.ts";
import { applyLink } from "./network/link.ts";
import { hostOf, readLab, writeLab, type LabHost } from "./state.ts";
import { bindsOf } from "./up.ts";

/** Takes the power away from a host of a lab: every process of it ends at once, and it answers to nothing. */
export async function powerCut(lab: string, host: string): Promise<void> {
  hostOf(await readLab(lab), host);
  await stopHost(lab, host);
}

/**
 * Gives a host its power back and waits until sshd and Docker answer. Its disk is as the cut left it, its link as it was
 * set. A host that runs is left alone.
 */
export async function boot(lab: string, host: string, progress: Progress = newProgress()): Promise<LabHost> {
  return locked(lab, progress, async () => {
    const state = await readLab(lab);
    const known = hostOf(state, host);
    const running = await initOf(lab, host);
    const limits = { cpus: parseCpuList(known.cpuset), quotaCpus: known.quotaCpus };
    const pid = running ?? (await bootHost(lab, { ...known, limits, binds: bindsOf(lab, known) }));
    if (running === undefined && known.link !== null) await applyLink(lab, host, known.link);
    const booted = { ...known, pid };
    await writeLab({ ...state, hosts: state.hosts.map((h) => (h.name === host ? booted : h)) });
    await awaitHost(state, booted);
    return booted;
  });
}
