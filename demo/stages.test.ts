import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseExperiments } from "../bench/matrix/experiments/load.ts";
import { repoRoot } from "../lib/paths.ts";
import { stages } from "./stages.ts";

test("the demo's stages say which of how many they are, in their order", () => {
  const said: string[] = [];
  const begin = stages(["Tools", "Lab"], (text) => said.push(text));
  begin("Tools");
  begin("Lab");
  expect(said).toEqual(["[1/2] Tools", "\n[2/2] Lab"]);
  expect(() => begin("Tools")).toThrow(/not the next one/);
});

test("the demo measures ten photographs of the quick models, and two of the slow one", () => {
  const images = Array.from({ length: 10 }, (_, i) => i + 1);
  const file = readFileSync(join(repoRoot, "demo/experiments.yaml"), "utf8");
  const experiments = parseExperiments(file, "demo/experiments.yaml", { images });
  const of = (model: string) => experiments.filter((e) => e.models?.includes(model)).map((e) => e.images);
  expect(of("ssd-mobilenet")).toEqual([undefined, undefined]);
  expect(of("null")).toEqual([undefined, undefined]);
  expect(of("rfcn-resnet101")).toEqual([
    [2, 7],
    [2, 7],
  ]);
});
