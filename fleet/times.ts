import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { z } from "zod";
import { writeAtomic } from "../lib/cache/cached.ts";
import { jsonOf } from "../lib/json.ts";
import { cacheDir } from "../lib/paths.ts";

/** A run as far as it tells how long the next one of its kind takes. */
const Took = z.object({ seconds: z.number(), steps: z.number() });
export type Took = z.infer<typeof Took>;

/** A first `up` pulls an image and starts a server; the next one looks whether all is as it should be. */
export type Kind = "first" | "again" | "down";

/** The last good run of each kind, by stack. */
const Times = z.record(z.string(), z.partialRecord(z.enum(["first", "again", "down"]), Took));
export type Times = z.infer<typeof Times>;

/** What a run of this kind is expected to take: as this stack's last one, else as the middle one of the others. */
export function expected(times: Times, stack: string, kind: Kind): Took | undefined {
  const own = times[stack]?.[kind];
  if (own !== undefined) return own;
  const others = Object.values(times)
    .flatMap((kinds) => kinds[kind] ?? [])
    .sort((a, b) => a.seconds - b.seconds);
  return others[Math.floor((others.length - 1) / 2)];
}

/** The folder of a project's remembered times and of its engines' logs: in the cache, made if it is not there. */
export async function fleetFolder(projectDir: string): Promise<string> {
  const dir = cacheDir("fleet", createHash("sha256").update(projectDir).digest("hex").slice(0, 12));
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return dir;
}

/** Reads what is remembered; nothing if there is nothing, or nothing that can be read. */
export async function readTimes(dir: string): Promise<Times> {
  const text = await readFile(`${dir}/times.json`, "utf8").catch(() => "");
  return Times.safeParse(jsonOf(text)).data ?? {};
}

/** Remembers good runs. What cannot be written costs an estimate, and nothing else. */
export async function rememberTimes(
  dir: string,
  took: readonly { readonly stack: string; readonly kind: Kind; readonly took: Took }[],
): Promise<void> {
  const times = await readTimes(dir);
  for (const { stack, kind, took: one } of took) times[stack] = { ...times[stack], [kind]: one };
  await writeAtomic(`${dir}/times.json`, `${JSON.stringify(times, null, 2)}\n`).catch(() => {});
}
