import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mountsBelow } from "../../lab/leftovers.ts";
import type { Layer } from "../../lab/layers/layer.ts";
import { layerOver } from "../../lab/layers/over.ts";
import { packed } from "../../lab/layers/pack.ts";
import { run } from "../../lab/run.ts";
import { cacheDir, repoRoot } from "../../lib/paths.ts";
import { progress } from "../../lib/progress.ts";

let dir: string;
const before = process.env["LATHE_CACHE"];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-layers-"));
  process.env["LATHE_CACHE"] = join(dir, "cache");
});
afterEach(async () => {
  if (before === undefined) delete process.env["LATHE_CACHE"];
  else process.env["LATHE_CACHE"] = before;
  for (const point of await mounts()) await run(["umount", point]);
  await rm(dir, { recursive: true, force: true });
});

const mounts = async () => mountsBelow(await readFile("/proc/self/mounts", "utf8"), dir).toReversed();

/** What a layer's tar holds: types, modes and names, and the content of small files. */
async function contentOf(layer: Layer): Promise<Record<string, string>> {
  const tar = join(dir, "layer.tar");
  await writeFile(tar, packed(layer.dir).content);
  const lines = (await run(["tar", "-tvf", tar])).trimEnd().split("\n");
  const seen: Record<string, string> = {};
  for (const line of lines) {
    const [mode = "", , size = ""] = line.split(/\s+/);
    const path = line.split(/\s+/).slice(5).join(" ");
    const text = mode.startsWith("-") && Number(size) > 0 ? ` ${await run(["tar", "-xOf", tar, path])}` : "";
    // Folders that the layer only passes through have what the layers below gave them.
    seen[path] = `${mode}${text}`;
  }
  return seen;
}

async function lowest(): Promise<Layer> {
  return layerOver([], "lowest", async (root) => {
    for (const folder of ["kept", "gone", "anew", "linked"]) await mkdir(join(root, folder));
    for (const file of ["kept/same", "kept/other", "kept/gone", "gone/in", "anew/old"]) {
      await writeFile(join(root, file), "lowest");
    }
  });
}

/** A layer over it that does to files all that can be done to them. */
const over = (below: Layer, say = progress()) =>
  layerOver(
    [below],
    "over",
    async (root) => {
      expect(await readFile(join(root, "kept/same"), "utf8")).toBe("lowest");
      await writeFile(join(root, "kept/other"), "over");
      await rm(join(root, "kept/gone"));
      await rm(join(root, "gone"), { recursive: true });
      await rm(join(root, "anew"), { recursive: true });
      await mkdir(join(root, "anew"));
      await writeFile(join(root, "anew/new"), "over");
      await chmod(join(root, "anew/new"), 0o750);
      await symlink("../kept/same", join(root, "linked/to"));
    },
    say,
  );

const CHANGES = {
  "./kept/other": "-rw-r--r-- over",
  "./kept/.wh.gone": expect.stringMatching(/^-r/) as string,
  "./.wh.gone": expect.stringMatching(/^-r/) as string,
  "./anew/new": "-rwxr-x--- over",
  "./linked/to -> ../kept/same": "lrwxrwxrwx",
};

/** Another layer sees what the two below make together, whiteouts and all. */
async function seenAbove(below: readonly Layer[]): Promise<string> {
  let seen = "";
  await layerOver(below, "above", async (root) => {
    seen = (await run(["find", root, "-mindepth", "1", "-printf", "%P\\n"])).trimEnd().split("\n").sort().join(" ");
  });
  return seen;
}
const TOGETHER = "anew anew/new kept kept/other kept/same linked linked/to";

test("a layer holds what was changed over those below, and is made once; nothing stays mounted", async () => {
  const below = await lowest();
  const layer = await over(below);
  const content = await contentOf(layer);
  expect(content).toMatchObject({ ...CHANGES, "./anew/.wh..wh..opq": expect.stringMatching(/^-r/) as string });
  expect(Object.keys(content)).not.toContain("./kept/same");
  expect(await over(below)).toEqual(layer);
  expect(await seenAbove([below, layer])).toBe(TOGETHER);
  expect(await mounts()).toEqual([]);
});

test("what lies below is part of a layer's key", async () => {
  const [one, two] = [await lowest(), await layerOver([], "another", async () => {})];
  const make = async (root: string) => writeFile(join(root, "file"), String((await readdir(root)).length));
  const over = [await layerOver([one], "same", make), await layerOver([two], "same", make)] as const;
  expect(over[0].key).not.toBe(over[1].key);
  expect(await Promise.all(over.map((layer) => readFile(join(layer.dir, "file"), "utf8")))).toEqual(["4", "0"]);
});

test("where overlayfs refuses the cache's file system, the layer is the same, and that it took a copy is said", async () => {
  const [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map((name) => join(dir, name)) as [
    ...[string, string, string, string],
  ];
  for (const folder of [lower, upper, work, merged]) await mkdir(folder);
  await run(["mount", "-t", "overlay", "none", "-o", `lowerdir=${lower},upperdir=${upper},workdir=${work}`, merged]);
  process.env["LATHE_CACHE"] = join(merged, "cache");
  const said: string[] = [];
  const below = await lowest();
  const layer = await over(below, { ...progress(), note: (text) => void said.push(text) });
  expect(said).toEqual([expect.stringContaining("all below is copied")]);
  const content = await contentOf(layer);
  expect(content).toMatchObject({ ...CHANGES, "./anew/.wh.old": expect.stringMatching(/^-r/) as string });
  expect(Object.keys(content)).not.toContain("./kept/same");
  expect(await seenAbove([below, layer])).toBe(TOGETHER);
});

test("a process that is killed while it makes a layer leaves nothing in the way of the next", async () => {
  const below = await lowest();
  const module = pathToFileURL(join(repoRoot, "lab/layers/over.ts")).href;
  const program = `const { layerOver } = await import(${JSON.stringify(module)});
await layerOver(${JSON.stringify([below])}, "slow", async () => { console.log("at work"); await new Promise((r) => setTimeout(r, 60_000)); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
  expect(await mounts()).toHaveLength(1);
  const layer = await layerOver([below], "slow", (root) => writeFile(join(root, "file"), "made"));
  expect(await readdir(layer.dir)).toEqual(["file"]);
  expect(await mounts()).toEqual([]);
  expect((await readdir(cacheDir("lab"))).filter((name) => /partial|lock/.test(name))).toEqual([]);
});

test("a layer whose making fails is none, and what it mounted is gone", async () => {
  const broken = layerOver([await lowest()], "broken", () => Promise.reject(new Error("no space")));
  await expect(broken).rejects.toThrow("no space");
  expect(await mounts()).toEqual([]);
  expect((await readdir(cacheDir("lab"))).filter((name) => name.includes("broken"))).toEqual([]);
});

test("the same folder is packed to the same bytes, wherever it lies", async () => {
  const layer = await over(await lowest());
  const digest = async (folder: string) => {
    const pack = packed(folder);
    for await (const _chunk of pack.content);
    return pack.diffId();
  };
  const first = await digest(layer.dir);
  const elsewhere = join(dir, "elsewhere");
  await rename(layer.dir, elsewhere);
  expect(await digest(elsewhere)).toBe(first);
  expect((await stat(elsewhere)).mode & 0o777).toBe(0o755);
  await expect(digest(join(dir, "nowhere"))).rejects.toThrow(/tar of .*nowhere/);
});
