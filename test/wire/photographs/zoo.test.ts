import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { progress } from "../../../lib/progress.ts";
import { repoRoot } from "../../../lib/paths.ts";
import { run } from "../../../lib/run.ts";
import { UserError } from "../../../lib/errors.ts";
import { decodeImage } from "../../../models/pixels.ts";
import { pythonEnv } from "../../../models/python.ts";

/*
 * Every kind of file that zoo.py makes, decoded as benchmarks do it and by Pillow, which has libjpeg-turbo and libpng of its own.
 * Both use the slow exact IDCT and smooth upsampling: pixels are the same to the last bit, and no tolerance is needed.
 */

interface Entry {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Null: it is to be refused. */
  readonly pixels: string | null;
}

let dir: string;
let zoo: readonly Entry[];
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "lathe-zoo-"));
  const { python } = await pythonEnv(progress());
  await run([python, "-B", join(repoRoot, "test/wire/photographs/zoo.py"), dir]);
  zoo = JSON.parse(readFileSync(join(dir, "zoo.json"), "utf8")) as Entry[];
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The largest difference of a sample; Infinity where the sizes differ. */
function apart(ours: Uint8Array, theirs: Uint8Array): number {
  if (ours.length !== theirs.length) return Infinity;
  return ours.reduce((most, level, i) => Math.max(most, Math.abs(level - (theirs[i] as number))), 0);
}

describe("image files of all kinds", () => {
  it("have the same pixels as Pillow reads in them", async () => {
    const decoded = zoo.filter((e) => e.pixels !== null);
    expect(decoded.length).toBeGreaterThan(200);
    const wrong: unknown[] = [];
    for (const { name, width, height, pixels } of decoded) {
      const ours = await decodeImage(readFileSync(join(dir, name)), name).catch((error: Error) => error);
      if (ours instanceof Error) wrong.push([name, ours.message]);
      else if (ours.width !== width || ours.height !== height) wrong.push([name, ours.width, ours.height]);
      else {
        const most = apart(ours.data, readFileSync(join(dir, pixels ?? "")));
        if (most > 0) wrong.push([name, most]);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("are refused in words where servers would see something else, or they are cut off", async () => {
    const refused = zoo.filter((e) => e.pixels === null);
    expect(refused.length).toBeGreaterThan(80);
    const taken: string[] = [];
    for (const { name } of refused) {
      const error = await decodeImage(readFileSync(join(dir, name)), name).catch((thrown: unknown) => thrown);
      if (!(error instanceof UserError)) taken.push(name);
      else expect(error.message).toMatch(/^\S+: (viewers must turn it|its colours are CMYK|it is cut off)/);
    }
    expect(taken).toEqual([]);
  });
});
