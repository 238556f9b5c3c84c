import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { fuzz, nearText, refusedInWords } from "../lib/testing/fuzz.ts";
import { loadCatalogue, loadLabels, parseCatalogue } from "./catalogue.ts";
import { checkArtefact, loadLock, lockedSource, parseLock, sourceFiles } from "./lock.ts";

const ENTRY = `
name: some-model
title: Some model
family: one-stage
licence: MIT
input: { dtype: DT_UINT8, shape: [-1, -1, -1, 3] }
signatures: [serving_default]
sources:
  - { id: here, made: true, convert: make-null }
  - { id: there, url: "https://models.example/m.tgz", files: [m.pb], convert: frozen }
`;
const HEX = "c".repeat(64);

describe("the catalogue", () => {
  it("has the paper's two models, the null models, and a locked source for every entry", async () => {
    const catalogue = await loadCatalogue();
    const lock = await loadLock();
    const papers = catalogue.filter((e) => e.paperModel !== undefined).map((e) => `${e.paperModel}: ${e.name}`);
    expect(papers.sort()).toEqual(["rfcn: rfcn-resnet101", "ssd: ssd-mobilenet"]);
    expect(catalogue.filter((e) => e.isNull).map((e) => e.name)).toEqual(["null-large", "null"]);
    for (const entry of catalogue) {
      const usable = entry.sources.filter((source) => "locked" in lockedSource(entry, source, lock));
      expect(usable, entry.name).not.toHaveLength(0);
      if (entry.labels !== undefined) expect((await loadLabels(entry.labels)).size).toBeGreaterThan(0);
    }
  });

  it("says that the R-FCN made here is for timing only, and only that", async () => {
    const made = (await loadCatalogue()).flatMap((e) => e.sources.map((s) => ({ name: e.name, ...s })));
    expect(made.filter((s) => s.timingOnly).map((s) => `${s.name}/${s.id}`)).toEqual(["rfcn-resnet101/made"]);
  });

  it("names only conversions that exist", async () => {
    for (const entry of await loadCatalogue())
      for (const { convert } of entry.sources) {
        const script = {
          frozen: "from_frozen",
          "tfjs-ssd": "from_tfjs_ssd",
          "make-rfcn": "make_rfcn",
          "make-null": "make_null",
          "make-null-large": "make_null_large",
        };
        expect(existsSync(join(repoRoot, "models/convert", `${script[convert]}.py`)), convert).toBe(true);
      }
  });

  it("shows every fault of every file at once, path first", () => {
    const broken = [
      { file: "some-model.yaml", text: ENTRY.replace("family: one-stage", "family: none").replace("licence: MIT", "") },
      { file: "other.yaml", text: ENTRY },
      { file: "bad.yaml", text: "a: [" },
      { file: "src.yaml", text: ENTRY.replace("some-model", "src").replace("files: [m.pb]", "files: []") },
    ];
    let message = "";
    try {
      parseCatalogue(broken);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      message = (error as UserError).message;
    }
    expect(message).toContain("models/catalogue/some-model.yaml: family: ");
    expect(message).toContain("models/catalogue/some-model.yaml: licence: ");
    expect(message).toContain('models/catalogue/other.yaml: name: "some-model"');
    expect(message).toContain("models/catalogue/bad.yaml: ");
    expect(message).toContain("models/catalogue/src.yaml: sources[1].files: ");
  });

  it("refuses two sources of one id, and keys that it does not know", () => {
    const twice = [{ file: "some-model.yaml", text: ENTRY.replace("id: there", "id: here") }];
    expect(() => parseCatalogue(twice)).toThrow("sources: two sources have the same id");
    expect(() => parseCatalogue([{ file: "some-model.yaml", text: `${ENTRY}colour: red\n` }])).toThrow("colour");
  });
});

describe("the lock", () => {
  const [entry] = parseCatalogue([{ file: "some-model.yaml", text: ENTRY }]);
  const source = entry?.sources[1];
  if (entry === undefined || source === undefined) throw new Error("the test's own entry is broken");

  it("lets no source be used of which it does not know every file", () => {
    expect(lockedSource(entry, source, {})).toEqual({ reason: "no checksum is locked for it" });
    const partly = parseLock(`some-model: { there: { files: {}, artefact: ${HEX} } }`);
    expect(lockedSource(entry, source, partly)).toEqual({ reason: "no checksum is locked for m.pb" });
    const wholly = parseLock(`some-model: { there: { files: { m.pb: ${HEX} }, artefact: ${HEX} } }`);
    expect(lockedSource(entry, source, wholly)).toEqual({ locked: { files: { "m.pb": HEX }, artefact: HEX } });
    expect(sourceFiles(source)).toEqual(["m.pb"]);
  });

  it("is refused where a checksum is not 64 hex digits", () => {
    expect(() => parseLock("some-model: { there: { files: { m.pb: abc }, artefact: abc } }")).toThrow(
      /files\.m\.pb: 64 hex digits[\s\S]*artefact: 64 hex digits/,
    );
  });

  it("refuses a converted model of another SHA-256, and says which was expected", () => {
    expect(() => checkArtefact("m", "s", "a".repeat(64), HEX)).toThrow(`expected: ${HEX}`);
    expect(() => checkArtefact("m", "s", HEX, HEX)).not.toThrow();
  });
});

it("COCO's labels number its classes from 1 to 90", async () => {
  const labels = await loadLabels("coco");
  expect([...labels.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
  expect([1, 17, 18, 44, 67, 90].map((id) => labels.get(id))).toEqual([
    "person",
    "cat",
    "dog",
    "bottle",
    "dining table",
    "toothbrush",
  ]);
});

it("a label map is found by its name, and by no path: the run of somebody else may name one", async () => {
  for (const map of ["../catalogue/null", "/etc/hosts", "COCO", "", "none"])
    await expect(loadLabels(map), map).rejects.toThrow(
      `there is no label map "${map}"\n  expected: a file in models/labels`,
    );
});

it("near-valid entries and locks are taken, or refused in words that name the file", () => {
  const lock = `m:\n  s:\n    files: { a.pb: ${HEX} }\n    artefact: ${HEX}\n`;
  const read = (text: string) => parseCatalogue([{ file: "some-model.yaml", text }]);
  fuzz(0.5, nearText([ENTRY]), (text) => void refusedInWords(() => read(text), /some-model\.yaml: /));
  fuzz(0.5, nearText([lock]), (text) => void refusedInWords(() => parseLock(text), /models\/lock\.yaml: /));
}, 300_000);
