import { cp, mkdir, readlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import type { Progress } from "../../lib/progress.ts";
import { debianBase } from "../../lab/base.ts";
import type { ImageSource } from "../../lab/images.ts";
import { run } from "../../lab/run.ts";

const PROGRAM = "usr/sbin/haproxy";

/** HAProxy as an image where Docker Hub's cannot be had: Debian's, cut down to the program and its libraries. */
export async function proxyImage(progress: Progress): Promise<ImageSource> {
  const base = await debianBase(progress, ["haproxy"]);
  const key = `haproxy-1-${basename(base)}`;
  const dir = await cached("lab", key, async (folder) => {
    const libraries = [...(await run(["chroot", base, "ldd", `/${PROGRAM}`])).matchAll(/(\/lib\S+)/g)];
    for (const path of [PROGRAM, ...libraries.map((match) => `usr${match[1] ?? ""}`)]) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await cp(join(base, path), join(folder, path), { dereference: true });
    }
    // A merged /usr, as in the base.
    for (const name of ["lib", "lib64", "bin", "sbin"]) {
      await run(["ln", "-s", await readlink(join(base, name)).catch(() => `usr/${name}`), join(folder, name)]);
    }
    for (const name of ["tmp", "run", "etc"]) await mkdir(join(folder, name));
  });
  return { name: "lathe/haproxy", tag: "lab", layers: [{ key, dir }], config: { entrypoint: ["/usr/sbin/haproxy"] } };
}
