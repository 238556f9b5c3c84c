import { mkdir, readFile } from "node:fs/promises";
import { formatCpuList } from "../lib/cpulist.ts";
import type { Progress } from "../lib/progress.ts";
import { debianBase } from "./base.ts";
import { needPrograms, needRoot } from "./debian/needs.ts";
import { PACKAGES_PLACE, packageFolder } from "./debian/packages.ts";
import { bootHost, hostUp, type BootPlan, stopHost } from "./hosts/boot.ts";
import { needHierarchies } from "./hosts/cgroupfs.ts";
import { hostKeyPath, layRoot } from "./hosts/root.ts";
import { awaitHost } from "./hosts/ready.ts";
import { locked, lockedForAll } from "./lock.ts";
import { checkFolders, labPaths } from "./names.ts";
import { applyLink, linkUp } from "./network/link.ts";
import { address6In, addressIn } from "./network/subnet.ts";
import { chooseSubnet, makeSwitch, switchUp } from "./network/switch.ts";
import { REGISTRY_HOST, REGISTRY_NUMBER, awaitRegistry, bootRegistry } from "./registry/registry.ts";
import { FIRST_HOST, planLab, type LabSpec, type PlannedHost } from "./spec.ts";
import { ensureKey, fingerprint, writeSshFiles } from "./ssh.ts";
import { LabHost, STANDS_FOR, findLab, writeLab, type Lab } from "./state.ts";
import { labRemains, removeLab } from "./teardown.ts";

/** Packages of every host. Those with Docker have its engine as well, and the registry (for the registry's host). */
const STOCK = ["openssh-server", "iproute2", "iputils-ping", "procps", "util-linux", "openssl"];
const DOCKER = [...STOCK, "docker.io", "docker-registry", "iptables"];
/** Packages of a host without Docker, and those that it can install. */
const FOUND = [...STOCK, "sudo"];
const INSTALLABLE = ["docker.io", "ca-certificates"];

/** Brings a lab up: makes what is missing, keeps what runs. A lab of this name that was made from another spec is removed first. */
export async function labUp(spec: LabSpec, progress: Progress): Promise<Lab> {
  needRoot();
  const hosts = await planLab(spec);
  await needPrograms(["ip", "tc", "ssh", "ssh-keygen", "unshare", "nsenter", "mount", "tar"], progress);
  await needHierarchies(progress);
  const stock = hosts.some((h) => !h.docker) ? await debianBase(progress, FOUND) : "";
  const bases: Bases = {
    docker: await debianBase(progress, [...DOCKER, ...(spec.packages ?? [])]),
    stock,
    packages: stock === "" ? "" : await packageFolder(stock, INSTALLABLE, progress),
  };
  return locked(spec.name, progress, async () => {
    await checkFolders();
    const before = await previous(spec.name, JSON.stringify([hosts, bases]), progress);
    progress.step(`lab "${spec.name}": ${hosts.map((h) => h.name).join(", ")} and a registry`, 10);
    const lab = await build(spec.name, hosts, bases, before);
    progress.note("waiting for sshd and Docker");
    await Promise.all([awaitRegistry(lab.registry.address), ...lab.hosts.map((h) => awaitHost(lab, h))]);
    progress.done(lab.hosts.map((h) => `${h.name} ${h.address}`).join(", "));
    return lab;
  });
}

/** The lab of that name, if it was made from the same; any other is removed. */
async function previous(name: string, madeFrom: string, progress: Progress): Promise<Lab | undefined> {
  const lab = await findLab(name).catch(() => undefined);
  if (lab?.madeFrom === madeFrom) return lab;
  if (await labRemains(name)) {
    progress.step(`lab "${name}": removing what an earlier one left`);
    await removeLab(name);
    progress.done();
  }
  return undefined;
}

interface Bases {
  readonly docker: string;
  readonly stock: string;
  readonly packages: string;
}

async function build(name: string, hosts: readonly PlannedHost[], bases: Bases, before: Lab | undefined): Promise<Lab> {
  const paths = labPaths(name);
  await mkdir(paths.dir, { recursive: true });
  const cut = before === undefined || !(await switchUp(name));
  // Two labs that come up at once must not choose the same subnet.
  const subnet = await lockedForAll(async () => {
    if (!cut) return before.subnet;
    for (const host of [REGISTRY_HOST, ...hosts.map((h) => h.name)]) await stopHost(name, host);
    const chosen = before?.subnet ?? (await chooseSubnet());
    await makeSwitch(name, chosen);
    return chosen;
  });
  const registryAddress = addressIn(subnet, REGISTRY_NUMBER);
  const authorizedKey = await ensureKey(paths.identity, `lathe-lab-${name}`);
  const addressOf = (host: string) => addressIn(subnet, FIRST_HOST + hosts.findIndex((h) => h.name === host));
  const placed = hosts.map((host, i) => ({
    ...host,
    address: addressOf(host.name),
    address6: host.ipv6 ? address6In(subnet, FIRST_HOST + i) : undefined,
    behind: host.behind === undefined ? undefined : { name: host.behind, address: addressOf(host.behind) },
    packages: host.docker ? undefined : bases.packages,
  }));
  const everything = { cpus: [...new Set(hosts.flatMap((h) => h.limits.cpus))], quotaCpus: null };
  const [, ...booted] = await Promise.all([
    keepOr(name, REGISTRY_HOST, () => bootRegistry(name, registryAddress, bases.docker, everything)),
    ...placed.map(async (host) => {
      const base = host.docker ? bases.docker : bases.stock;
      const root = { ...host, base, authorizedKey, registry: `${registryAddress}:5000`, neighbours: placed };
      await keepOr(name, host.name, async () => {
        await layRoot(name, root);
        await bootHost(name, { ...host, base, binds: bindsOf(name, host) });
      });
      const publicKey = await readFile(hostKeyPath(name, host.name), "utf8");
      const link = before?.hosts.find((h) => h.name === host.name)?.link ?? null;
      const made = LabHost.parse({
        ...host,
        ...{ base, user: host.user?.name ?? "root", sudo: host.user?.sudo },
        cpus: host.limits.cpus.length,
        cpuset: formatCpuList(host.limits.cpus),
        quotaCpus: host.limits.quotaCpus,
        hostKey: await fingerprint(hostKeyPath(name, host.name)),
        link: link === null || (await linkUp(name, host.name, link)) ? link : await applyLink(name, host.name, link),
      });
      return { made, publicKey };
    }),
  ]);
  await writeSshFiles(
    name,
    booted.map(({ made, publicKey }) => ({ ...made, publicKey })),
  );
  const lab: Lab = {
    ...{ schema: "lathe.lab/2", name, subnet, madeFrom: JSON.stringify([hosts, bases]) },
    hosts: booted.map((b) => b.made),
    registry: { address: `${registryAddress}:5000` },
    sshConfig: paths.sshConfig,
    standsFor: STANDS_FOR,
  };
  await writeLab(lab);
  return lab;
}

/** Folders that a host sees. Docker needs one: its overlay2 cannot lie on the overlay that is the host's root. */
export function bindsOf(lab: string, host: Pick<LabHost, "name" | "packages">): BootPlan["binds"] {
  const packages = host.packages === undefined ? [] : [[host.packages, PACKAGES_PLACE, "ro"] as const];
  return [[`${labPaths(lab).host(host.name)}/docker`, "/var/lib/docker"], ...packages];
}

async function keepOr(lab: string, host: string, start: () => Promise<void>): Promise<void> {
  if (!(await hostUp(lab, host))) await start();
}
