import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeAtomic } from "../lib/cache/cached.ts";
import { UserError } from "../lib/errors.ts";
import { jsonOf } from "../lib/json.ts";
import { zodFaults } from "../lib/zod-faults.ts";
import { defaultLabName, labPaths } from "./names.ts";

/** How a host's link is slowed down, and by what means. */
export const LinkState = z.object({
  /** Added to each packet's time, one way: a round trip takes twice this longer. */
  delayMs: z.number().nonnegative(),
  /** Each way; null: no limit. */
  bandwidthMbit: z.number().positive().nullable(),
  /** `netem` and `tbf` are the kernel's own; `forwarder` is a program of the lab that holds each packet back. */
  means: z.enum(["netem", "tbf", "forwarder"]),
});
export type LinkState = z.infer<typeof LinkState>;

/** How slow a link shall be. */
export type LinkWish = Pick<LinkState, "delayMs" | "bandwidthMbit">;

/** One host of a lab. */
export const LabHost = z.object({
  /** Its role and its hostname: `client`, `cloud`, `edge`. */
  name: z.string(),
  /** IPv4 address on the lab's bridge. */
  address: z.string(),
  /** IPv6 address there, if it has one. */
  address6: z.string().optional(),
  /** The user to log in as. */
  user: z.string(),
  sudo: z.enum(["free", "password", "none"]).optional(),
  /** Its sshd's port, if not 22. */
  sshPort: z.number().int().positive().optional(),
  /** The only host from which its sshd can be reached. */
  behind: z.object({ name: z.string(), address: z.string() }).optional(),
  /** If it was made without Docker: the cached folder of packages that its apt can install. */
  packages: z.string().optional(),
  /** CPUs that its processes may run on: how many, and which, as Linux writes lists (`0-1`). */
  cpus: z.number().int().positive(),
  cpuset: z.string(),
  /** CPU time it may take, in CPUs (0.7: seven tenths of one); null: no quota. */
  quotaCpus: z.number().positive().nullable(),
  memoryBytes: z.number().int().positive().nullable(),
  docker: z.boolean(),
  /** The cached root folder over which its own is mounted. */
  base: z.string(),
  /** SHA256 fingerprint of its ssh host key. */
  hostKey: z.string(),
  link: LinkState.nullable(),
});
export type LabHost = z.infer<typeof LabHost>;

/** `lab.json`: what others need to know of a lab. */
export const Lab = z.object({
  schema: z.literal("lathe.lab/2"),
  name: z.string(),
  /** Its planned hosts and their base folders, as JSON. `up` keeps the lab if these have not changed. */
  madeFrom: z.string(),
  /** `10.213.7.0/24`. */
  subnet: z.string(),
  hosts: z.array(LabHost),
  /** `host:port` of its registry, with which image references begin. */
  registry: z.object({ address: z.string() }),
  /** Path of an ssh config (for `ssh -F`) with the hosts by role. */
  sshConfig: z.string(),
  /** `STANDS_FOR`. */
  standsFor: z.string(),
});
export type Lab = z.infer<typeof Lab>;

/** What the lab is, in a sentence that every output must have. */
export const STANDS_FOR =
  "These hosts are namespaces on one machine, each with a root, network, sshd and Docker engine of its own; they stand in for separate machines and share its processor, memory bus and disk.";

/** Reads a lab's `lab.json`. @throws UserError if the lab is not up, or another version of Lathe wrote the file */
export async function readLab(name = defaultLabName()): Promise<Lab> {
  const lab = await findLab(name);
  if (lab !== undefined) return lab;
  const flag = name === "lathe" ? "" : ` --name ${name}`;
  throw new UserError({
    what: `no lab "${name}" is up (${labPaths(name).state} is not there)`,
    fix: `npx lathe lab up${flag}`,
  });
}

/** Like `readLab`, but undefined if there is no such lab. */
export async function findLab(name: string): Promise<Lab | undefined> {
  const path = labPaths(name).state;
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = Lab.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const expected = "a lab of this version of Lathe";
  throw new UserError(zodFaults(parsed.error, path, { expected, fix: `npx lathe lab down --name ${name}` }));
}

/** Writes `lab.json`. */
export async function writeLab(lab: Lab): Promise<void> {
  await writeAtomic(labPaths(lab.name).state, `${JSON.stringify(Lab.parse(lab), null, 2)}\n`);
}

/** The host of that name. @throws UserError with the names of the lab's hosts */
export function hostOf(lab: Lab, name: string): LabHost {
  const host = lab.hosts.find((h) => h.name === name);
  if (host !== undefined) return host;
  throw new UserError({
    what: `lab "${lab.name}" has no host "${name}"`,
    expected: `one of ${lab.hosts.map((h) => h.name).join(", ")}`,
  });
}
