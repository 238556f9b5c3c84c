import { createHash } from "node:crypto";
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { UserError, WrongUse } from "../lib/errors.ts";
import { cacheDir } from "../lib/paths.ts";

/*
 * Everything that a lab makes on the machine carries the lab's name, so that two labs stand side by side and each can be
 * found and removed without asking what made it.
 */

/** Longest name of a network interface that Linux takes. */
const INTERFACE_MAX = 15;

/** The lab that is meant when nobody names one: `LATHE_LAB`, else `lathe`. */
export function defaultLabName(env: NodeJS.ProcessEnv = process.env): string {
  return env["LATHE_LAB"] ?? "lathe";
}

/** @throws WrongUse if a lab or host cannot be called so */
export function checkName(kind: "lab" | "host", name: string): void {
  const longest = kind === "lab" ? 24 : 12;
  if (/^[a-z][a-z0-9-]*$/.test(name) && name.length <= longest) return;
  throw new WrongUse({
    what: `the ${kind}'s name "${name}"`,
    expected: `a lower-case letter, then lower-case letters, digits and hyphens, ${longest} characters at most`,
  });
}

/** Longest path of the folder that holds all labs: sockets lie below it. */
export const LABS_DIR_MAX = 40;

/** The folder that holds all labs: `LATHE_LAB_DIR`, else `/var/lib/lathe-lab`. */
export function labsDir(env: NodeJS.ProcessEnv = process.env): string {
  return env["LATHE_LAB_DIR"] ?? "/var/lib/lathe-lab";
}

/** A lab's own folder and what lies in it. @throws WrongUse where no lab can be called so: nothing is removed by such a name */
export function labPaths(name: string) {
  checkName("lab", name);
  const dir = join(labsDir(), name);
  return {
    dir,
    state: join(dir, "lab.json"),
    sshConfig: join(dir, "ssh_config"),
    knownHosts: join(dir, "known_hosts"),
    identity: join(dir, "id_ed25519"),
    /** Sockets of shared ssh connections: with short names, as the path of a socket may have 107 characters only. */
    sockets: join(dir, "cm"),
    /** Network namespaces, each a file to enter it by. */
    networks: join(dir, "net"),
    network: (host: string) => join(dir, "net", host),
    host: (host: string) => join(dir, "hosts", host),
  };
}

/** Name of the namespace that holds the bridge. No host can be called so: host names have no dots. */
export const SWITCH = "switch.";

/** Name of a lab's group of processes, in every cgroup hierarchy. */
export function cgroupName(lab: string): string {
  return `lathe-lab.${lab}`;
}

/** The machine's own end of the cable to the lab: an interface in the machine's network namespace. */
export function uplinkName(lab: string): string {
  return shorten(`${lab}-sw`);
}

/** Names of a host's port on the switch, and of what stands between the two when its link is slowed down. */
export function portNames(host: string) {
  return { port: `p-${host}`, bridge: `b-${host}`, inner: `i-${host}`, outer: `o-${host}` };
}

function shorten(name: string): string {
  if (name.length <= INTERFACE_MAX) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 5);
  return `${name.slice(0, INTERFACE_MAX - 6)}-${hash}`;
}

const OVERLAYFS_MAGIC = 0x794c7630;

/**
 * Makes the labs' folder. Hosts' roots are overlays: their upper layer cannot lie on another one, as a container's root is.
 *
 * @throws UserError with what would do
 */
export async function checkFolders(): Promise<void> {
  await mkdir(labsDir(), { recursive: true });
  if (labsDir().length > LABS_DIR_MAX) {
    const expected = `${LABS_DIR_MAX} characters at most: sockets lie below it, whose paths must be short`;
    throw new UserError({ what: `LATHE_LAB_DIR=${labsDir()}`, expected });
  }
  for (const path of [labsDir(), cacheDir()]) {
    if (!/^[\w./@+-]+$/.test(path)) {
      const expected = "letters, digits and ./_@+- only: mount takes other characters for its own";
      throw new UserError({ what: `the folder ${path}`, expected, fix: "set LATHE_LAB_DIR or LATHE_CACHE to another" });
    }
  }
  const { type } = await statfs(labsDir());
  if (type !== OVERLAYFS_MAGIC) return;
  throw new UserError({
    what: `${labsDir()} lies on an overlay file system, where no other overlay can be written to`,
    fix: "LATHE_LAB_DIR=/a/folder/on/a/disk npx lathe lab up",
  });
}
