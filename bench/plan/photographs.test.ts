import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { progress } from "../../lib/progress.ts";
import { IMAGES } from "../../models/testing/images.ts";
import { benchOptions } from "../command/choices.ts";
import { ImageInfo } from "../records/manifest.ts";
import { sampleManifest } from "../testing/sample-run.ts";
import { loadImages, photographNumbers } from "./photographs.ts";
import { planMatrix } from "./plan-matrix.ts";

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), "lathe-mine-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const photograph = (name: string, bytes: Uint8Array) => writeFileSync(join(dir, name), bytes);

it("photographs of a folder are sent by their numbers; a file's name is in their provenance alone, cleaned", async () => {
  photograph("a\u001b[2J\u202e.png", IMAGES.png);
  photograph("b.jpg", IMAGES.baseline);
  expect(await photographNumbers(dir)).toEqual([1, 2]);
  const { images, infos } = await loadImages({ photographs: dir, images: undefined }, progress());
  expect(infos.map((info) => [ImageInfo.parse(info).name, info.source])).toEqual([
    ["image-1", "a\ufffd[2J\ufffd.png"],
    ["image-2", "b.jpg"],
  ]);
  expect(images.map((i) => [i.name, Buffer.from(i.rgb, "base64").length, Buffer.from(i.file, "base64")])).toEqual([
    ["image-1", 3 * 20 * 13, IMAGES.png],
    ["image-2", 3 * 20 * 13, IMAGES.baseline],
  ]);
});

it("a photograph that cannot be sent is refused by its number, its path and the reason, and what is not asked for is not read", async () => {
  photograph("a.png", IMAGES.png);
  photograph("b.jpg", IMAGES.turned);
  photograph("c.jpg", Buffer.from("<html>"));
  mkdirSync(join(dir, "not a photograph"));
  const load = (images: number[]) => loadImages({ photographs: dir, images }, progress());
  expect((await load([1])).infos).toHaveLength(1);
  await expect(load([1, 2])).rejects.toThrow(`photograph 2 (${join(dir, "b.jpg")}): viewers must turn it`);
  await expect(load([3])).rejects.toThrow(`photograph 3 (${join(dir, "c.jpg")}): begins with neither`);
  await expect(load([4, 5])).rejects.toThrow(/--images: no photograph 4 in .*\n.*\n.*--images: no photograph 5/);
});

it("the paper's experiments take what photographs there are, and say which of theirs are not there; a file's own must be", async () => {
  photograph("a.png", IMAGES.png);
  photograph("b.jpg", IMAGES.baseline);
  const { machines, servers } = sampleManifest();
  const options = {
    ...benchOptions({ placement: ["local", "remote"], photographs: dir } as never),
    allowMissing: true,
  };
  const plan = await planMatrix({ machines, servers }, options);
  expect(new Set(plan.cells.map((cell) => cell.image))).toEqual(new Set(["image-1", "image-2"]));
  expect(plan.notes).toContain("experiment remote-image-7: there is no image-7: left out");
  const matrix = join(dir, "own.yaml");
  writeFileSync(matrix, "experiments:\n  - name: mine\n    images: [1, 7]\n");
  await expect(planMatrix({ machines, servers }, { ...options, matrix })).rejects.toThrow(
    /own\.yaml:3:17: experiments\[0\]\.images: no photograph 7\n {2}expected: some of 1, 2/,
  );
});
