import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Tuned } from "../../infra/tuned.ts";
import { difference, withTuning, withoutTuning } from "./edit.ts";

const found: Omit<Tuned, "before"> = {
  ...{
    at: "2026-11-28T05:00:00.000Z",
    for: "throughput",
    model: "ssd",
    image: "r/x@sha256:0",
    gain: 1.31,
    interval: [1.2, 1.4],
  },
  machine: { cpu: "Xeon", cpus: "0-3", cores: 4, quotaCpus: null, memoryMiB: 8192 },
  settings: { omp: 2, intraOp: 2 },
};
const file = "Pulumi.edge.yaml";
const configOf = (text: string) => (parse(text) as { config: Record<string, unknown> }).config;

const plain = "# mine\nconfig:\n  lathe:host: h # the edge\n  lathe:models:\n    - ssd\n";
const own = "config:\n  lathe:settings:\n    omp: 8\n    pin: cores\n";
const json = `config:\n  lathe:settings: '{"omp": 8}'\n`;
const several = "config:\n  lathe:servers:\n    - name: a\n    - name: b\n      settings:\n        omp: 4\n";

test("settings that were found are written beside the user's own, and comments stay", () => {
  const text = withTuning(plain, null, found, file);
  expect(text).toContain("# mine");
  expect(text).toContain("# the edge");
  expect(configOf(text)).toMatchObject({ "lathe:settings": { omp: 2, intraOp: 2 }, "lathe:tuned": found });
  expect(configOf(withTuning(own, null, found, file))["lathe:settings"]).toEqual({ omp: 2, pin: "cores", intraOp: 2 });
});

test("text that is written is quoted: Pulumi would read a plain time or `on` as something else", () => {
  const text = withTuning(plain, null, { ...found, settings: { batching: "on" } }, file);
  expect(text).toContain(`at: "${found.at}"`);
  expect(text.match(/batching: "on"/g)).toHaveLength(2);
});

test.each([
  ["no settings", plain, null],
  ["settings of the user's own", own, null],
  ["one of several servers", several, { server: "b" }],
  ["one of several servers without settings", several, { server: "a" }],
] as const)("undone, a config with %s is as it was", (_what, text, home) => {
  expect(withoutTuning(withTuning(text, home, found, file), home, file)).toBe(text);
});

test("settings that were set as JSON are changed in part, and mean the same when undone", () => {
  const tuned = withTuning(json, null, found, file);
  expect(configOf(tuned)["lathe:settings"]).toEqual({ omp: 2, intraOp: 2 });
  expect(configOf(withoutTuning(tuned, null, file))).toEqual({ "lathe:settings": { omp: 8 } });
});

test("a second tuning takes the place of the first, and undoing it goes back to before both", () => {
  const second = { ...found, for: "latency", settings: { omp: 4, pin: "physical" } };
  const text = withTuning(withTuning(own, null, found, file), null, second, file);
  expect(configOf(text)).toMatchObject({
    "lathe:settings": { omp: 4, pin: "physical" },
    "lathe:tuned": { for: "latency" },
  });
  expect(configOf(text)["lathe:settings"]).not.toHaveProperty("intraOp");
  expect(withoutTuning(text, null, file)).toBe(own);
});

test("what was changed by hand after a tuning stays when it is undone", () => {
  const changed = withTuning(own, null, found, file).replace("    omp: 2\n    pin", "    omp: 3\n    pin");
  expect(configOf(withoutTuning(changed, null, file))).toEqual({ "lathe:settings": { omp: 3, pin: "cores" } });
});

test("a server that the config does not name is refused: settings would hold for others, too", () => {
  expect(() => withTuning(several, { server: "c" }, found, file)).toThrow('lathe:servers has no server "c"');
  expect(() => withTuning(plain, { server: "a" }, found, file)).toThrow("has no server");
  expect(() => withTuning("config: [", null, found, file)).toThrow("Pulumi.edge.yaml");
});

test("the difference shows the lines that change", () => {
  expect(difference("a\nb\nc\n", "a\nx\ny\nc\n")).toEqual(["  a", "- b", "+ x", "+ y", "  c"]);
  expect(difference("a\n", "a\n")).toEqual([]);
});
