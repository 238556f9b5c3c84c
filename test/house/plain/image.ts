import { createHash } from "node:crypto";
import { copyFile, glob, mkdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { debianBase } from "../../../lab/base.ts";
import type { ImageSource } from "../../../lab/index.ts";
import { run } from "../../../lab/run.ts";
import { cached } from "../../../lib/cache/cached.ts";
import type { Progress } from "../../../lib/progress.ts";

const SERVER = join(import.meta.dirname, "server.py");
const PLACE = "usr/local/bin/plain-server.py";

/** The server's image: the lab's Debian with Python, and one file. Needs to be root. */
export async function plainImage(progress: Progress): Promise<ImageSource> {
  const base = await debianBase(progress, ["python3"]);
  const source = createHash("sha256")
    .update(await readFile(SERVER))
    .digest("hex");
  const key = `plain-1-${basename(base)}-${source.slice(0, 12)}`;
  const dir = await cached("test", key, async (partial) => {
    // Hard links: what is added or taken away here is not added or taken away there.
    await run(["cp", "-al", `${base}/.`, partial]);
    await mkdir(join(partial, "models"));
    await copyFile(SERVER, join(partial, PLACE));
    const left = ["usr/share/{doc,man,locale,info}", "var/lib/apt/lists/*", "var/cache/apt/*"];
    for await (const path of glob(left, { cwd: partial })) await rm(join(partial, path), { recursive: true });
  });
  return {
    ...{ name: "lathe/plain", tag: "1", key, rootfs: { dir } },
    config: { entrypoint: ["/usr/bin/python3", "-B", `/${PLACE}`], exposedPorts: [`8080/tcp`] },
  };
}
