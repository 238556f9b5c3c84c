import { createHash } from "node:crypto";
import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { basename, join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import type { Progress } from "../../lib/progress.ts";
import { fileDigest } from "../../lib/registry/http.ts";
import { run } from "../run.ts";
import { inChroot } from "./chroot.ts";

const RECIPE = 1;

/** The path at which a host sees its folder of packages. */
export const PACKAGES_PLACE = "/srv/packages";

/** The `sources.list` of a host that has only this folder. */
export const PACKAGES_SOURCE = `deb [trusted=yes] file:${PACKAGES_PLACE} ./\n`;

/** A folder that is an apt repository: packages, and those that they need besides a base. Hosts, which reach no mirror, install from it. */
export async function packageFolder(base: string, packages: readonly string[], progress: Progress): Promise<string> {
  const hash = createHash("sha256")
    .update([RECIPE, basename(base), ...packages].join("\n"))
    .digest("hex")
    .slice(0, 8);
  return cached(
    "lab",
    `packages-${arch()}-${hash}`,
    async (dir) => {
      progress.step(`Debian packages that a lab host can install: ${packages.join(", ")}`, 20);
      const root = join(dir, "root");
      await run(["cp", "-a", "--reflink=auto", base, root]);
      const onLine = (line: string) => progress.note(line);
      await inChroot(root, ["apt-get", "-q", "update"], { onLine });
      await inChroot(root, ["apt-get", "-q", "-y", "--download-only", "install", ...packages], { onLine });
      const archives = join(root, "var/cache/apt/archives");
      const names = (await readdir(archives)).filter((name) => name.endsWith(".deb")).sort();
      const index: string[] = [];
      for (const name of names) {
        await rename(join(archives, name), join(dir, name));
        index.push(await indexEntry(dir, name));
      }
      await writeFile(join(dir, "Packages"), index.join("\n"));
      await rm(root, { recursive: true });
      progress.done(`${names.length} packages`);
    },
    (pid) => progress.note(`waiting for process ${pid}, which fetches them now`, true),
  );
}

/** A package's paragraph of the index: its control fields, file name, size and SHA-256. */
async function indexEntry(dir: string, name: string): Promise<string> {
  const control = (await run(["dpkg-deb", "-f", join(dir, name)])).trimEnd();
  const { size } = await stat(join(dir, name));
  return `${control}\nFilename: ./${name}\nSize: ${size}\nSHA256: ${await fileDigest(join(dir, name))}\n`;
}
