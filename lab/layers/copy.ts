import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { run } from "../run.ts";
import type { Layer } from "./layer.ts";

/*
 * A layer where overlayfs refuses the cache's file system: all below is copied, and what `make` changed is found by comparing.
 * What it took away stands in the layer by the name that images have for it (`.wh.NAME`).
 */

/** Copies the layers, one over the other, to one folder. */
export async function copyOf(below: readonly Layer[], root: string): Promise<void> {
  for (const { dir } of below) {
    const goneHere: string[] = [];
    for (const [path, { type, device, name }] of await lookAt(dir)) {
      if (type === "c" && device) goneHere.push(path);
      else if (name.startsWith(".wh.")) goneHere.push(path, join(dirname(path), name.slice(".wh.".length)));
    }
    // What it takes away is of the layers before it; then the marks themselves, which came with it.
    for (const path of goneHere) await rm(join(root, path), { recursive: true, force: true });
    await run(["cp", "-a", "--reflink=auto", `${dir}/.`, root]);
    for (const path of goneHere) await rm(join(root, path), { recursive: true, force: true });
  }
}

/** Runs `make` on a root folder and copies to `upper` what it has changed there. */
export async function changesOf(root: string, make: (root: string) => Promise<void>, upper: string): Promise<void> {
  const before = await lookAt(root);
  await make(root);
  const after = await lookAt(root);
  const { kept, gone } = changes(before, after);
  const list = `${upper}.list`;
  await writeFile(list, kept.map((path) => `./${path}\0`).join(""));
  await run(["bash", "-o", "pipefail", "-c", COPY, "bash", root, upper, list], { what: `copy of a layer's files` });
  await rm(list);
  for (const path of gone) {
    await mkdir(join(upper, dirname(path)), { recursive: true });
    await writeFile(join(upper, dirname(path), `.wh.${basename(path)}`), "");
  }
}

const XATTRS = "--xattrs --xattrs-include=security.capability";
const COPY = `tar -C "$1" -c --null --no-recursion -T "$3" ${XATTRS} | tar -C "$2" -x -p --numeric-owner ${XATTRS}`;

/** What is at a path, as far as a change of it shows. */
export interface Seen {
  /** As find(1) has it: `f`, `d`, `l`, `c`. */
  readonly type: string;
  /** Inode and time of change: nobody can set the latter. */
  readonly state: string;
  readonly name: string;
  /** A character device 0/0: overlayfs's whiteout. */
  readonly device: boolean;
}

/**
 * What changed between two looks at a folder: what is to be kept, with the folders that it lies in, parents first; and what
 * is gone, of which the uppermost suffices. Pure.
 */
export function changes(before: ReadonlyMap<string, Seen>, after: ReadonlyMap<string, Seen>) {
  const kept = new Set<string>();
  for (const [path, now] of after) {
    const then = before.get(path);
    // A folder's time changes with its content: by itself it is no change, unless it was made.
    if (then !== undefined && (now.type === "d" ? then.type === "d" : then.state === now.state)) continue;
    for (let up = path; up !== "." && up !== ""; up = dirname(up)) kept.add(up);
  }
  const isFolder = (path: string) => path === "." || after.get(path)?.type === "d";
  const gone = [...before.keys()].filter((path) => !after.has(path) && isFolder(dirname(path)));
  return { kept: [...kept].sort(), gone: gone.sort() };
}

/** Every path below a folder, relative to it. */
async function lookAt(dir: string): Promise<Map<string, Seen>> {
  const printed = await run(["find", dir, "-mindepth", "1", "-printf", "%P\\0%y\\0%i %C@\\0"]);
  const fields = printed.split("\0");
  const all = new Map<string, Seen>();
  for (let i = 0; i + 2 < fields.length; i += 3) {
    const [path = "", type = "", state = ""] = fields.slice(i, i + 3);
    all.set(path, { type, state, name: basename(path), device: type === "c" });
  }
  return all;
}
