import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { formatTable } from "../lib/table.ts";
import { hostUp } from "./hosts/boot.ts";
import { defaultLabName } from "./names.ts";
import { run, tryRun } from "./run.ts";
import { manifestDigest } from "./registry/registry.ts";
import { sshTo } from "./ssh.ts";
import { STANDS_FOR, readLab, type LabHost, type LinkState } from "./state.ts";

/** A host as it is now. `no ssh`: it runs, but does not answer. `dockerVersion` is null if no Docker engine answers. */
type HostStatus = LabHost & { readonly state: "up" | "no ssh" | "down"; readonly dockerVersion: string | null };

/** Asks every host of a lab for its state. @throws UserError if no such lab is up */
export async function labStatus(name = defaultLabName()) {
  const lab = await readLab(name);
  const hosts = await Promise.all(
    lab.hosts.map(async (host): Promise<HostStatus> => {
      if (!(await hostUp(name, host.name))) return { ...host, state: "down", dockerVersion: null };
      const ask = host.docker ? "docker version --format '{{.Server.Version}}' || true" : "true";
      const answer = await tryRun(sshTo(lab.sshConfig, host.name, ask));
      const version = answer.stdout.trim();
      return { ...host, state: answer.exitCode === 0 ? "up" : "no ssh", dockerVersion: version || null };
    }),
  );
  const answers = await manifestDigest(lab.registry.address, "lathe/none", "none").then(
    () => true,
    () => false,
  );
  const { subnet, sshConfig } = lab;
  const model = /^model name\s*: (.*)$/m.exec(await readFile("/proc/cpuinfo", "utf8"))?.[1] ?? "processor unknown";
  const machine = `${model}, ${(await run(["nproc", "--all"])).trim()} CPUs, ${formatGib(totalmem())}`;
  return { name, subnet, hosts, registry: { ...lab.registry, answers }, sshConfig, machine, standsFor: STANDS_FOR };
}

/** The status as a table for people. */
export function formatStatus(status: Awaited<ReturnType<typeof labStatus>>): string {
  const columns = ["host", "address", "state", "cores", "CPU share", "memory", "ssh host key", "docker", "link"];
  const rows = status.hosts.map((h) => [
    h.name,
    h.address,
    h.state,
    `${h.cpus} (CPU ${h.cpuset})`,
    h.quotaCpus === null ? "all of them" : `${Math.round((h.quotaCpus / h.cpus) * 100)} % of each`,
    h.memoryBytes === null ? "the machine's" : formatGib(h.memoryBytes),
    h.hostKey.slice(0, 19),
    h.docker ? (h.dockerVersion ?? "no answer") : "none",
    formatLink(h.link),
  ]);
  const table = formatTable(columns, rows);
  const registry = `registry ${status.registry.address}: ${status.registry.answers ? "up" : "no answer"}`;
  const machine = `lab "${status.name}" on ${status.subnet}, this machine: ${status.machine}`;
  return [machine, "", table, "", `${registry}   ssh -F ${status.sshConfig} HOST`, status.standsFor].join("\n");
}

/** A link in words: `+20 ms each way, 50 Mbit/s (forwarder)`. */
export function formatLink(link: LinkState | null): string {
  if (link === null) return "as it is";
  const delay = link.delayMs === 0 ? [] : [`+${link.delayMs} ms each way`];
  const rate = link.bandwidthMbit === null ? [] : [`${link.bandwidthMbit} Mbit/s`];
  return `${[...delay, ...rate].join(", ")} (${link.means})`;
}

function formatGib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
