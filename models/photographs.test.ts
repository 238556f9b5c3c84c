import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { repoRoot } from "../lib/paths.ts";
import { loadPhotographList } from "./photographs.ts";
import { decodeImage } from "./pixels.ts";

describe("the lists of photographs", () => {
  it("that ship with Lathe have ten each, numbered from 1", async () => {
    for (const list of ["models/photographs.yaml", "models/coco-val2017.yaml"]) {
      const ids = (await loadPhotographList(join(repoRoot, list))).map((p) => p.id);
      expect(ids, list).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
  });

  describe("that a user edited", () => {
    let dir: string;
    beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "lathe-photographs-"))));
    afterEach(() => rmSync(dir, { recursive: true, force: true }));
    const list = (text: string) => {
      writeFileSync(join(dir, "list.yaml"), text);
      return loadPhotographList(join(dir, "list.yaml"));
    };

    it("show every fault at once, each with its entry", async () => {
      await expect(list("- { id: 0 }\n- { id: 2, url: nowhere }\n")).rejects.toThrow(/entry 1: .*\n(.*\n)*.*entry 2: /);
    });

    it("may not use a number twice, as it names the photograph in every table", async () => {
      const entry = (id: number) =>
        `- { id: ${id}, url: "https://pictures.example/${id}.jpg", licence: own, shows: [] }\n`;
      await expect(list(entry(1) + entry(1))).rejects.toThrow("id 1 is there twice");
      expect(await list(entry(1) + entry(2))).toHaveLength(2);
    });
  });
});

describe("decoding a photograph", () => {
  const gradient = (width: number, height: number) =>
    Uint8Array.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256));

  it("gives a PNG's pixels exactly, without its alpha channel", () => {
    const png = new PNG({ width: 3, height: 2 });
    png.data = Buffer.from(gradient(3, 2));
    const { width, height, data } = decodeImage(PNG.sync.write(png));
    expect([width, height]).toEqual([3, 2]);
    expect([...data]).toEqual([...png.data].filter((_, i) => i % 4 !== 3));
  });

  it("gives a JPEG's pixels as three bytes each", () => {
    const file = jpeg.encode({ width: 16, height: 8, data: gradient(16, 8) }, 90).data;
    const { width, height, data } = decodeImage(file);
    expect([width, height, data.length]).toEqual([16, 8, 16 * 8 * 3]);
  });

  it("names what is no image, and what is a damaged one, and never fails in another way", () => {
    expect(() => decodeImage(Buffer.from("GIF89a"), "cat.gif")).toThrow(
      "cat.gif: begins with neither JPEG's nor PNG's",
    );
    const whole = jpeg.encode({ width: 16, height: 8, data: gradient(16, 8) }, 90).data;
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), fc.boolean(), (at, value, cut) => {
        const damaged = Buffer.from(cut ? whole.subarray(0, at) : whole);
        if (!cut) damaged[at] = value;
        try {
          expect(decodeImage(damaged).data.length).toBeGreaterThan(0);
        } catch (error) {
          expect((error as Error).name).toBe("UserError");
        }
      }),
      { numRuns: 300 },
    );
  });
});
