import { createHash } from "node:crypto";
import { chmod, cp, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { inChroot } from "../base.ts";
import type { Layer } from "./layer.ts";
import { layerOver } from "./over.ts";
import { packagesFolder, pythonOf } from "./wheels.ts";

/** Files of Lathe's own for an image. */
export interface OwnFiles {
  /** What they are: in the layer's key. */
  readonly name: string;
  /** Folders here, each a Python package: they go where Debian's Python finds packages, and are compiled. */
  readonly packages?: readonly string[];
  /** Files here that go to /usr/bin and can be run. */
  readonly programs?: readonly string[];
  /** Any other file or folder: its place below the root, and where it lies here. */
  readonly files?: Readonly<Record<string, string>>;
  /** Empty folders below the root, such as mount points: a read-only root cannot make them. */
  readonly folders?: readonly string[];
}

/** A layer of files of Lathe's own over others: a changed line is a new layer of a few kilobytes. Needs to be root. */
export async function ownLayer(below: readonly Layer[], own: OwnFiles): Promise<Layer> {
  const { packages = [], programs = [], files = {}, folders = [] } = own;
  const hash = createHash("sha256").update(JSON.stringify([Object.keys(files), folders]));
  for (const source of [...packages, ...programs, ...Object.values(files)]) await addTo(hash, source, basename(source));
  return layerOver(below, `${own.name}-${hash.digest("hex").slice(0, 12)}`, async (root) => {
    const put = async (source: string, place: string) => {
      await mkdir(dirname(join(root, place)), { recursive: true });
      await cp(source, join(root, place), { recursive: true, filter: (path) => !path.includes("__pycache__") });
    };
    for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
    for (const [place, source] of Object.entries(files)) await put(source, place);
    for (const program of programs) {
      const place = join("usr/bin", basename(program));
      await put(program, place);
      await chmod(join(root, place), 0o755);
    }
    if (packages.length === 0) return;
    const folder = packagesFolder(await pythonOf(root));
    for (const source of packages) await put(source, join(folder, basename(source)));
    const compiled = packages.map((source) => `/${folder}/${basename(source)}`);
    await inChroot(root, ["python3", "-m", "compileall", "-q", ...compiled]);
  });
}

/** A file's name and content, or those of all files below a folder. */
async function addTo(hash: ReturnType<typeof createHash>, path: string, name: string): Promise<void> {
  if ((await stat(path)).isDirectory()) {
    const names = (await readdir(path)).filter((entry) => entry !== "__pycache__").sort();
    for (const entry of names) await addTo(hash, join(path, entry), `${name}/${entry}`);
  } else hash.update(`${name}\0`).update(await readFile(path));
}
