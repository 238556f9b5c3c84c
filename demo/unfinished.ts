import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeAtomic } from "../lib/cache/cached.ts";

/** A note that a killed demo leaves for the next one: what it made, and what was there before. */
const Unfinished = z.object({
  /** Whether it made the lab. */
  ownLab: z.boolean(),
  /** Stacks that were up before it. */
  before: z.array(z.string()).readonly(),
});
export type Unfinished = z.infer<typeof Unfinished>;

/** The note's path. It is in the lab's folder, and is removed with it. */
export const unfinishedMark = (dir: string): string => join(dir, "demo-unfinished");

/** Notes that a demo is at work on a lab. */
export async function markUnfinished(dir: string, mark: Unfinished): Promise<void> {
  await writeAtomic(unfinishedMark(dir), JSON.stringify(mark));
}

/** The note of a demo that did not finish; undefined if there is none, or it cannot be read. */
export async function readUnfinished(dir: string): Promise<Unfinished | undefined> {
  const text = await readFile(unfinishedMark(dir), "utf8").catch(() => "");
  try {
    return Unfinished.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
