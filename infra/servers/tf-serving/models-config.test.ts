import { expect, test } from "vitest";
import {
  configMessage,
  configText,
  isServed,
  letGo,
  readConfigText,
  relabelled,
  servedOf,
  trialOf,
} from "./models-config.ts";

const live = servedOf([{ name: "ssd", version: 1 }]);

test("the live version is labelled stable, one beside it canary, and the file says so to the server and to Lathe", () => {
  const served = servedOf([
    { name: "ssd", version: 3, canary: { version: 2 } },
    { name: "null", version: 1 },
  ]);
  const text = configText(served, "/models", true);
  expect(text).toContain('name: "null"\n    base_path: "/models/null"\n    model_platform: "tensorflow"');
  expect(text).toContain("model_version_policy { specific { versions: 2 versions: 3 } }");
  expect(text).toContain('version_labels { key: "canary" value: 2 }');
  expect(text).toContain('version_labels { key: "stable" value: 3 }');
  expect(readConfigText(text)).toEqual({ proven: true, models: served });
  expect(configMessage(served, "/models")).toMatchObject({
    model_config_list: { config: [{ name: "ssd", version_labels: { canary: 2, stable: 3 } }, { name: "null" }] },
  });
});

test("a new version is tried beside the old one, under the old labels; then the labels move; then the old one goes", () => {
  const wanted = servedOf([{ name: "ssd", version: 2 }]);
  const trial = trialOf(live, wanted);
  expect(trial).toEqual([{ name: "ssd", versions: [1, 2], labels: { stable: 1 } }]);
  expect(relabelled(trial, wanted)).toEqual([{ name: "ssd", versions: [1, 2], labels: { stable: 2 } }]);
  expect([isServed(trial, "ssd", 2), isServed(live, "ssd", 2), isServed(live, "null", 1)]).toEqual([
    true,
    false,
    false,
  ]);
});

test("what is let go is each version of each model that is wanted no more", () => {
  const held = [
    { name: "ssd", versions: [1, 2], labels: {} },
    { name: "null", versions: [1], labels: {} },
  ];
  expect(letGo(held, servedOf([{ name: "ssd", version: 2 }]))).toEqual([
    { name: "ssd", version: 1 },
    { name: "null", version: 1 },
  ]);
  expect(letGo(held, [...held, ...live])).toEqual([]);
});

test("a model that comes is tried without a label, and one that goes stays until the others serve", () => {
  const trial = trialOf(live, servedOf([{ name: "null", version: 1 }]));
  expect(trial).toEqual([
    { name: "null", versions: [1], labels: {} },
    { name: "ssd", versions: [1], labels: { stable: 1 } },
  ]);
});

test("a file of another form, or cut short, says nothing", () => {
  const text = configText(live, "/models", true);
  for (const other of [
    "",
    "model_config_list {\n}\n",
    text.slice(0, 20),
    text.replace('"versions":[1]', '"versions":[]'),
  ])
    expect(readConfigText(other)).toBeUndefined();
});
