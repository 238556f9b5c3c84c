import { createHash } from "node:crypto";
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { UserError, WrongUse } from "../lib/errors.ts";
import { cacheDir } from "../lib/paths.ts";

/*
 * Everything that a lab makes on the machine has the lab's name in its own. So there can be several labs, and each can be
 * found and removed by its name alone.
 */

/** Linux takes names of network interfaces up to this length. */
const INTERFACE_MAX = 15;

/** The default lab: `LATHE_LAB`, else `lathe`. */
export function defaultLabName(env: NodeJS.ProcessEnv = process.env): string {
  return env["LATHE_LAB"] ?? "lathe";
}

/** Checks a name. @throws WrongUse if no lab (or host) may have it */
export function checkName(kind: "lab" | "host", name: string): void {
  const longest = kind === "lab" ? 24 : 12;
  if (/^[a-z][a-z0-9-]*$/.test(name) && name.length <= longest) return;
  throw new WrongUse({
    what: `the ${kind}'s name "${name}"`,
    expected: `a lower-case letter, then lower-case letters, digits and hyphens, ${longest} characters at most`,
  });
}

/** The path of the folder that holds all labs may have this length: sockets lie below it, whose paths must be short. */
export const LABS_DIR_MAX = 40;

/** The folder that holds all labs: `LATHE_LAB_DIR`, else `/var/lib/lathe-lab`. */
export function labsDir(env: NodeJS.ProcessEnv = process.env): string {
  return env["LATHE_LAB_DIR"] ?? "/var/lib/lathe-lab";
}

/** A lab's folder, and the paths in it. @throws WrongUse if no lab may have this name: what is removed is found by these paths */
export function labPaths(name: string) {
  checkName("lab", name);
  const dir = join(labsDir(), name);
  return {
    dir,
    state: join(dir, "lab.json"),
    sshConfig: join(dir, "ssh_config"),
    knownHosts: join(dir, "known_hosts"),
    identity: join(dir, "id_ed25519"),
    /** Sockets of shared ssh connections. Names are short: a socket's path may have 107 characters. */
    sockets: join(dir, "cm"),
    /** Network namespaces, each a file to enter it by. */
    networks: join(dir, "net"),
    network: (host: string) => join(dir, "net", host),
    host: (host: string) => join(dir, "hosts", host),
  };
}

/** Name of the namespace that holds the bridge. No host can have it: host names have no dots. */
export const SWITCH = "switch.";

/** Name of a lab's control group, in every hierarchy. */
export function cgroupName(lab: string): string {
  return `lathe-lab.${lab}`;
}

/** Name of the machine's end of the cable to the lab: an interface in the machine's network namespace. */
export function uplinkName(lab: string): string {
  return shorten(`${lab}-sw`);
}

/** Names of a host's port on the switch, and of the devices between the two if its link is slowed down. */
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
 * Makes the folder of all labs.
 *
 * @throws UserError if it cannot be used: hosts' roots are overlays, whose upper layer cannot lie on another overlay (as a
 *   container's root is)
 */
export async function checkFolders(): Promise<void> {
  await mkdir(labsDir(), { recursive: true });
  if (labsDir().length > LABS_DIR_MAX) {
    const expected = `${LABS_DIR_MAX} characters at most: sockets lie below it, whose paths must be short`;
    throw new UserError({ what: `LATHE_LAB_DIR=${labsDir()}`, expected });
  }
  for (const path of [labsDir(), cacheDir()]) {
    if (!/^[\w./@+-]+$/.test(path)) {
      const expected = "letters, digits and ./_@+- only: other characters mean something to mount";
      throw new UserError({ what: `the folder ${path}`, expected, fix: "set LATHE_LAB_DIR or LATHE_CACHE to another" });
    }
  }
  const { type } = await statfs(labsDir());
  if (type !== OVERLAYFS_MAGIC) return;
  throw new UserError({
    what: `${labsDir()} lies on an overlay file system: no other overlay can be written there`,
    fix: "LATHE_LAB_DIR=/a/folder/on/a/disk npx lathe lab up",
  });
}
