import type { Progress } from "../../lib/progress.ts";
import { progress as newProgress } from "../../lib/progress.ts";
import { SWITCH, portNames } from "../names.ts";
import { run, tryRun } from "../run.ts";
import { locked } from "../lock.ts";
import { hostOf, readLab, writeLab, type Lab, type LinkState, type LinkWish } from "../state.ts";
import { forwarderUp, startForwarder, stopForwarder } from "./forwarder.ts";
import { inNetwork } from "./switch.ts";

/** By what this machine's kernel can slow a link down. */
type KernelMeans = Readonly<Record<"netem" | "tbf", boolean>>;

/** By what to slow a link down: the kernel's netem, for bandwidth alone its tbf, else the forwarder. Undefined: nothing to do. */
export function chooseMeans(wish: LinkWish, kernel: KernelMeans): LinkState["means"] | undefined {
  if (wish.delayMs === 0 && wish.bandwidthMbit === null) return undefined;
  if (kernel.netem) return "netem";
  return wish.delayMs === 0 && kernel.tbf ? "tbf" : "forwarder";
}

/** The arguments of `tc qdisc replace dev DEV root …` for one end of a link. */
export function qdisc(means: "netem" | "tbf", wish: LinkWish): string[] {
  const rate = wish.bandwidthMbit === null ? [] : ["rate", `${Math.round(wish.bandwidthMbit * 1000)}kbit`];
  // By default netem holds 1000 packets and drops the others: too few for a fast link with a delay.
  if (means === "netem")
    return ["netem", "limit", "20000", ...(wish.delayMs === 0 ? [] : ["delay", `${wish.delayMs}ms`]), ...rate];
  // The burst must hold at least one frame, and all that arrives between two ticks of the kernel's clock (100 a second).
  const burst = Math.max(16_000, Math.round(((wish.bandwidthMbit ?? 0) * 1e6) / 8 / 100));
  return ["tbf", ...rate, "burst", `${burst}`, "latency", "200ms"];
}

/** Tries what the kernel can do, in a network namespace that lasts only for the trial. */
export async function probeKernel(): Promise<KernelMeans> {
  const can = async (...args: string[]) =>
    (await tryRun(["unshare", "--net", "tc", "qdisc", "add", "dev", "lo", "root", ...args])).exitCode === 0;
  const [netem, tbf] = await Promise.all([
    can("netem", "delay", "1ms"),
    can("tbf", "rate", "1mbit", "burst", "16000", "latency", "200ms"),
  ]);
  return { netem, tbf };
}

/** Sets a host's delay and bandwidth, both ways. Connections stay open. Without delay and limit the link is as fast as it can be. */
export async function setLink(lab: string, host: string, wish: LinkWish, progress: Progress = newProgress()) {
  return locked(lab, progress, async () => {
    const state = await readLab(lab);
    hostOf(state, host);
    const link = await applyLink(lab, host, wish);
    await forgetLink(state, host);
    await writeLab({ ...state, hosts: state.hosts.map((h) => (h.name === host ? { ...h, link } : h)) });
    return link;
  });
}

/** Makes TCP forget what it knows of a link: it would take a longer round trip for congestion, and be slow for seconds. */
async function forgetLink(lab: Lab, host: string): Promise<void> {
  await tryRun(["ssh", "-F", lab.sshConfig, "-O", "stop", host]);
  const flush = ["ip", "tcp_metrics", "flush"];
  await tryRun([...flush, "address", hostOf(lab, host).address]);
  for (const { name } of lab.hosts) await tryRun([...inNetwork(lab.name, name), ...flush, "all"]);
}

/** Slows a link down as wished, whatever it was before. @returns its state; null if nothing slows it down */
export async function applyLink(lab: string, host: string, wish: LinkWish): Promise<LinkState | null> {
  const { port } = portNames(host);
  const means = chooseMeans(wish, await probeKernel());
  await stopForwarder(lab, host);
  const ends = [[SWITCH, port] as const, [host, "eth0"] as const];
  for (const [place, device] of ends)
    await tryRun([...inNetwork(lab, place), "tc", "qdisc", "delete", "dev", device, "root"]);
  if (means === undefined) return null;
  if (means === "forwarder") await startForwarder(lab, host, wish);
  else {
    for (const [place, device] of ends) {
      await run([...inNetwork(lab, place), "tc", "qdisc", "replace", "dev", device, "root", ...qdisc(means, wish)]);
    }
  }
  return { ...wish, means };
}

/** Whether a link is still slowed down. (What the kernel does ends only with the interface.) */
export async function linkUp(lab: string, host: string, link: LinkState): Promise<boolean> {
  if (link.means === "forwarder") return forwarderUp(lab, host);
  const shown = await tryRun([...inNetwork(lab, host), "tc", "qdisc", "show", "dev", "eth0"]);
  return shown.stdout.includes(`qdisc ${link.means} `);
}
