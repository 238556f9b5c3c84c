import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeAtomic } from "../lib/cache/cached.ts";

/** What a demo that was killed leaves behind for the next one: what is the demo's own to take down, and what is not. */
const Unfinished = z.object({
  /** It made the lab. */
  ownLab: z.boolean(),
  /** Stacks that were up before it. */
  before: z.array(z.string()).readonly(),
});
type Unfinished = z.infer<typeof Unfinished>;

/** The mark's path in the lab's folder: it goes with the lab. */
export const unfinishedMark = (dir: string): string => join(dir, "demo-unfinished");

/** Notes that a demo is at work on a lab. */
export async function markUnfinished(dir: string, mark: Unfinished): Promise<void> {
  await writeAtomic(unfinishedMark(dir), JSON.stringify(mark));
}

/** The mark of a demo that did not finish; undefined where there is none that can be read. */
export async function readUnfinished(dir: string): Promise<Unfinished | undefined> {
  const text = await readFile(unfinishedMark(dir), "utf8").catch(() => "");
  try {
    return Unfinished.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
