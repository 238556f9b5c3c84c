import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../lib/errors.ts";
import { repoRoot } from "../../../lib/paths.ts";
import { loadsOf } from "../../loads/registry.ts";
import { carries } from "../../stats/math/quantile.ts";
import { DEFAULT_LIMITS, limitsFor } from "../limits.ts";
import { parseExperiments } from "./load.ts";

const known = { images: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] };
const parse = (text: string) => parseExperiments(text, "bench.yaml", known);

/** The faults of a text, each as its first line and what was expected. */
function faults(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof UserError) return error.faults.map((f) => `${f.what} | ${f.expected ?? ""}`);
    throw error;
  }
  throw new Error("the text has no fault");
}

describe("a file of experiments", () => {
  it("ships with the paper's three, each photograph's requests from the client machine besides", () => {
    const paper = parse(readFileSync(join(repoRoot, "bench/matrix/experiments/paper.yaml"), "utf8"));
    expect(paper.map((e) => [e.name, e.clientMachines, e.serverMachines, e.images])).toEqual([
      ["local", "same", "all", undefined],
      ["remote-image-2", ["client"], "others", [2]],
      ["remote-image-7", ["client"], "others", [7]],
      ["remote-all-images", ["client"], "others", undefined],
    ]);
  });

  it("has an example that is valid", () => {
    const example = parse(readFileSync(join(repoRoot, "bench/matrix/experiments/example.yaml"), "utf8"));
    expect(example.map((e) => e.name)).toEqual([
      "encodings",
      "client-libraries",
      "parallel",
      "steady-load",
      "more-loads",
      "distance",
    ]);
    expect(example[3]).toMatchObject({ ratePerSecond: [2, 5], concurrency: [8], precision: 0.05 });
    expect(example[5]?.links).toMatchObject([{ rttMs: 0 }, { rttMs: 20, mbit: 100, loss: 0.001, jitterMs: 2 }]);
    expect(example[0]).toMatchObject({ precision: 0.02, limits: { requests: 200, blockMs: 1000, timeoutMs: 60_000 } });
  });

  type Loaded = { readonly concurrency?: readonly number[] };
  it("ships with those that ask which server: each by all of its protocols and encodings, under load, and what lists cost", () => {
    const servers = parse(readFileSync(join(repoRoot, "bench/matrix/experiments/servers.yaml"), "utf8"));
    expect(servers.map((e) => [e.name, e.clientKinds, e.protocols, e.encodings, (e as Loaded).concurrency])).toEqual([
      ["which-server", undefined, ["grpc", "rest"], ["lists", "base64"], undefined],
      ["which-server-under-load", undefined, ["grpc", "rest"], ["lists", "base64"], [2, 4, 8]],
      ["json-lists", ["plain-json", "plain-b64"], undefined, undefined, undefined],
    ]);
    expect(servers.map((e) => [e.clientMachines, e.models])).toEqual([
      ["same", ["ssd-mobilenet", "null"]],
      ["same", ["ssd-mobilenet"]],
      ["same", ["ssd-mobilenet", "null"]],
    ]);
    // Calls that a p95 takes, and visits in which one call after the other comes to them.
    const limits = servers.map((e) => limitsFor(DEFAULT_LIMITS, e.limits));
    for (const { minRequests, blockRequests } of limits) {
      expect([carries(minRequests - 1, 0.95), carries(minRequests, 0.95)]).toEqual([false, true]);
      expect(minRequests / blockRequests).toBeLessThanOrEqual(3);
    }
  });

  it("takes one value where a list of one is meant", () => {
    expect(parse("experiments: [{ name: a, images: 2, models: ssd, concurrency: 4, protocols: rest }]")).toEqual([
      { name: "a", images: [2], models: ["ssd"], concurrency: [4], protocols: ["rest"], limits: {} },
    ]);
  });

  it("asks for loads by their modes' names, each with what it takes, beside the short keys", () => {
    const loadsIn = (text: string) => loadsOf(parse(`experiments: [{ name: a, ${text} }]`)[0] ?? {});
    expect(loadsIn("loads: [{ mode: poisson, ratePerSecond: 10 }, loadgen-single-stream]")).toEqual([
      { mode: "poisson", ratePerSecond: 10, concurrency: 8 },
      { mode: "loadgen-single-stream" },
    ]);
    expect(
      loadsIn("concurrency: [1, 2], loads: { mode: ramp, fromPerSecond: 1, toPerSecond: 9, seconds: 20 }"),
    ).toEqual([
      { mode: "ramp", fromPerSecond: 1, toPerSecond: 9, seconds: 20, concurrency: 8 },
      { mode: "closed-loop", concurrency: 1 },
      { mode: "closed-loop", concurrency: 2 },
    ]);
  });

  it("says of every load what is wrong with it, all at once and where", () => {
    const found = faults(`
experiments:
  - name: a
    loads:
      - { mode: poison, ratePerSecond: 10 }
      - { mode: poisson, rate: 10 }
      - { mode: loadgen-server, targetQps: -1 }
      - 7
      - { mode: ramp, fromPerSecond: 1000, toPerSecond: 3000, seconds: 60, rate: 7 }
      - { mode: ramp, fromPerSecond: 1000, toPerSecond: 3000, seconds: 60 }
    slo: p99 under 200
`);
    expect(found).toEqual([
      'bench.yaml:5:17: experiments[0].loads[0].mode: "poison" | did you mean poisson?',
      "bench.yaml:6:9: experiments[0].loads[1].ratePerSecond: missing | a positive number",
      "bench.yaml:6:32: experiments[0].loads[1].rate: 10 | a key of this mode: mode, ratePerSecond, concurrency",
      "bench.yaml:7:9: experiments[0].loads[2].targetLatencyMs: missing | a positive number",
      "bench.yaml:7:44: experiments[0].loads[2].targetQps: -1 | a positive number",
      "bench.yaml:8:9: experiments[0].loads[3]: 7 | a load, such as { mode: poisson, ratePerSecond: 10 }",
      "bench.yaml:9:72: experiments[0].loads[4].seconds: 60 | at most 100000 calls: a lower rate, or fewer seconds",
      "bench.yaml:9:82: experiments[0].loads[4].rate: 7 | a key of this mode: mode, fromPerSecond, toPerSecond, seconds, concurrency",
      "bench.yaml:10:72: experiments[0].loads[5].seconds: 60 | at most 100000 calls: a lower rate, or fewer seconds",
      'bench.yaml:11:10: experiments[0].slo: "p99 under 200" | a percentile\'s limit or a bound alone, such as p99 < 200 ms or 200 ms',
    ]);
  });

  it("takes an experiment's own loads in place of default short keys for them, and the other way round", () => {
    const [a, b] = parse(`
defaults: { concurrency: 4, loads: [loadgen-offline] }
experiments:
  - { name: a, loads: [{ mode: poisson, ratePerSecond: 3 }] }
  - { name: b, ratePerSecond: 2 }
`);
    expect(loadsOf(a ?? {}).map((l) => l.mode)).toEqual(["poisson"]);
    expect(loadsOf(b ?? {}).map((l) => l.mode)).toEqual(["constant-rate"]);
  });

  it("gives every experiment its defaults, and lets it say otherwise", () => {
    const [a, b] = parse(`
defaults: { protocols: [grpc], precision: 5 %, limits: { requests: 50, minRequests: 40 } }
experiments:
  - { name: a }
  - { name: b, clientKinds: [grpc-js], precision: none, limits: { requests: 60 } }
`);
    expect(a).toMatchObject({ protocols: ["grpc"], precision: 0.05, limits: { requests: 50, minRequests: 40 } });
    expect(b).toMatchObject({ clientKinds: ["grpc-js"], precision: null, limits: { requests: 60, minRequests: 40 } });
    expect(b?.protocols).toBeUndefined();
  });

  it("shows all its faults at once, in order, each with line and column and what would be right", () => {
    expect(
      faults(`
defaults:
  precison: 2 %
experiments:
  - name: Local One
    images: [2, 77, x]
  - name: b
    protocols: [grpc, soap]
    concurrency: 0
    limits: { requests: -1, timeoutSeconds: soon }
  - name: b
    images: [88]
    clientMachines: same
    serverMachines: others
  - about: no name
extra: 1
`),
    ).toEqual([
      "bench.yaml:3:3: defaults.precison: no such key | did you mean precision?",
      'bench.yaml:5:11: experiments[0].name: "Local One" | a name of small letters, digits and hyphens, 60 at most',
      "bench.yaml:6:17: experiments[0].images: no photograph 77 | some of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
      'bench.yaml:6:21: experiments[0].images[2]: "x" | a photograph\'s number, such as 2',
      'bench.yaml:8:23: experiments[1].protocols[1]: "soap" | one of grpc, rest',
      "bench.yaml:9:18: experiments[1].concurrency: 0 | a whole number, 1 or more",
      "bench.yaml:10:25: experiments[1].limits.requests: -1 | a whole number, 1 or more",
      'bench.yaml:10:45: experiments[1].limits.timeoutSeconds: "soon" | a positive number',
      'bench.yaml:11:11: experiments[2].name: "b" is there twice | ',
      "bench.yaml:12:14: experiments[2].images: no photograph 88 | some of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
      "bench.yaml:14:21: experiments[2].serverMachines: others, where clientMachines is same | all, or names: each machine calls itself",
      "bench.yaml:15:5: experiments[3].name: missing | a name",
      "bench.yaml:16:1: extra: no such key | one of defaults, experiments",
    ]);
  });

  it("tells of what else is wrong with an experiment that has a bad key", () => {
    expect(
      faults(`
experiments:
  - { name: a }
  - { name: a, imagse: 2, images: [88], clientKinds: [probe], protocols: [grpc] }
`),
    ).toEqual([
      'bench.yaml:4:13: experiments[1].name: "a" is there twice | ',
      "bench.yaml:4:16: experiments[1].imagse: no such key | did you mean images?",
      expect.stringMatching(/images: no photograph 88/) as string,
      expect.stringMatching(/clientKinds: besides protocols or encodings/) as string,
    ]);
  });

  it("tells of a name that is there twice, and of keys that cannot be together", () => {
    expect(
      faults(`
experiments:
  - { name: a, clientKinds: [probe], protocols: [grpc] }
  - { name: a, protocols: [grpc], encodings: [base64] }
`),
    ).toEqual([
      "bench.yaml:3:16: experiments[0].clientKinds: besides protocols or encodings | either clientKinds, or protocols and encodings: a client kind implies both",
      'bench.yaml:4:13: experiments[1].name: "a" is there twice | ',
      "bench.yaml:4:35: experiments[1].encodings: without the protocol rest | protocols: [grpc, rest]",
    ]);
  });

  it("has a model by the name null, written so or in quotes; an empty value is no name", () => {
    const models = (text: string) => parse(`experiments: [{ name: a, models: ${text} }]`)[0]?.models;
    expect([models("[ssd, null]"), models("null"), models('["null"]')]).toEqual([["ssd", "null"], ["null"], ["null"]]);
    expect(parse("defaults:\n  models:\n    - null\nexperiments: [{ name: a }]")[0]?.models).toEqual(["null"]);
    expect(parse("defaults: { models: &n [null] }\nexperiments: [{ name: a, models: *n }]")[0]?.models).toEqual([
      "null",
    ]);
    expect(faults("experiments:\n  - name: a\n    models:\n    images: null\n")).toEqual([
      "bench.yaml:3:12: experiments[0].models: nothing | models' names, or all by itself",
      "bench.yaml:4:13: experiments[0].images: null | a photograph's number, such as 2",
    ]);
  });

  it("has a precision in percent, and none that may be a fraction", () => {
    const precision = (text: string) => parse(`experiments: [{ name: a, precision: ${text} }]`)[0]?.precision;
    expect(["2 %", "2", "1", "0.5%", "none"].map(precision)).toEqual([0.02, 0.02, 0.01, 0.005, null]);
    for (const wrong of ["0.02", "0", "0 %", "-1", "200 %", "soon", "true"])
      expect(faults(`experiments: [{ name: a, precision: ${wrong} }]`), wrong).toHaveLength(1);
    expect(faults("experiments: [{ name: a, precision: 0.02 }]")[0]).toContain(
      "precision: 0.02 | percent, such as 2 % (below 1 with its sign: 0.5 %), or none",
    );
  });

  it("has thresholds, one or a list of them, each fault with its line and column", () => {
    const thresholds = (text: string) => parse(`experiments: [{ name: a, thresholds: ${text} }]`)[0]?.thresholds;
    expect(thresholds("p95 < 80 ms")).toEqual(["p95 < 80 ms"]);
    expect(thresholds("[p95 < 80 ms, ratio to last run < 1.05]")).toEqual(["p95 < 80 ms", "ratio to last run < 1.05"]);
    const [a, b] = parse(
      "defaults: { thresholds: median < 1 s }\nexperiments: [{ name: a }, { name: b, thresholds: p90 < 2 s }]",
    );
    expect([a?.thresholds, b?.thresholds]).toEqual([["median < 1 s"], ["p90 < 2 s"]]);
    expect(
      faults(
        "experiments:\n  - name: a\n    thresholds:\n      - p95 < 80 ms\n      - p95 < 80\n      - p100 < 1 s\n      - 5\n",
      ),
    ).toEqual(
      [5, 6, 7].map((line, i) =>
        [
          `bench.yaml:${line}:9: experiments[0].thresholds[${i + 1}]: ${['"p95 < 80"', '"p100 < 1 s"', "5"][i]}`,
          "a limit such as p95 < 80 ms, median < 0.2 s, or ratio to last run < 1.05",
        ].join(" | "),
      ),
    );
  });

  it("says where a key belongs, what it may have meant, or which there are where it stands", () => {
    const keys = ["requests", "timeoutSeconds", "model", "clients", "rate", "warmup", "bogus", "defaults"];
    expect(
      faults(`experiments:\n  - { name: a, ${keys.map((k) => `${k}: 1`).join(", ")} }`).map((f) => f.split("].")[1]),
    ).toEqual([
      "requests: no such key | requests under limits, such as limits: { requests: 10 }",
      "timeoutSeconds: no such key | timeoutSeconds under limits, such as limits: { timeoutSeconds: 10 }",
      "model: no such key | did you mean models?",
      "clients: no such key | did you mean clientMachines or clientKinds?",
      "rate: no such key | did you mean ratePerSecond?",
      "warmup: no such key | did you mean warmupRequests under limits, such as limits: { warmupRequests: 10 }?",
      expect.stringMatching(/^bogus: no such key \| one of name, about, [^]*, precision, limits$/) as string,
      "defaults: no such key | defaults at the top of the file",
    ]);
    expect(faults("models: all\ndefaults: { name: a }\nexperiments: [{ name: a, limits: { image: 2 } }]")).toEqual([
      "bench.yaml:1:1: models: no such key | models in an experiment, or in defaults",
      "bench.yaml:2:13: defaults.name: no such key | name in an experiment",
      "bench.yaml:3:36: experiments[0].limits.image: no such key | did you mean images in an experiment, or in defaults?",
    ]);
  });

  it("says in its own words what is of the wrong kind", () => {
    const wrong = `
defaults: 5
experiments:
  - x
  - { name: a, limits: 5, models: [], images: 1.5, about: 7, clientMachines: all, serverMachines: [all, edge] }
`;
    expect(faults(wrong).map((f) => f.replace(/^bench.yaml:/, ""))).toEqual([
      "2:11: defaults: 5 | a map of what experiments have in common",
      '4:5: experiments[0]: "x" | an experiment, such as `- name: parallel`',
      "5:24: experiments[1].limits: 5 | a map, such as { requests: 50 }",
      "5:27: experiments[1].models: [] | one or more; without the key: the default",
      "5:47: experiments[1].images: 1.5 | a photograph's number, such as 2",
      "5:59: experiments[1].about: 7 | a sentence for people",
      '5:78: experiments[1].clientMachines: "all" | machines, such as client, or same by itself',
      '5:100: experiments[1].serverMachines[0]: "all" | machines, such as edge, or all or others by itself',
    ]);
    expect(faults("experiments:\n  name: x\n")[0]).toMatch(/^bench\.yaml:2:1: |^bench\.yaml:1:1: experiments: no list/);
    expect(faults("experiments: [{ name: a }]\n---\nexperiments: []\n")[0]).toBe(
      "bench.yaml:2:1: a second document begins here | one document: no line `---` but the first",
    );
  });

  it("has faults of the defaults charged to the defaults, once, and none made by them alone", () => {
    expect(
      faults(`
defaults: { clientKinds: [grpc-js], encodings: base64, images: [99] }
experiments:
  - { name: a, protocols: grpc }
  - { name: b, limits: { requests: 5 } }
`),
    ).toEqual([
      "bench.yaml:2:13: defaults.clientKinds: besides protocols or encodings | either clientKinds, or protocols and encodings: a client kind implies both",
      "bench.yaml:2:65: defaults.images: no photograph 99 | some of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    ]);
    const [a, b, c] = parse(`
defaults: { encodings: base64, serverMachines: others, limits: { minRequests: 20 } }
experiments:
  - { name: a, protocols: grpc }
  - { name: b, protocols: rest }
  - { name: c, clientMachines: same }
`);
    expect([a?.encodings, b?.encodings, c?.serverMachines]).toEqual([undefined, ["base64"], undefined]);
  });

  it("has names of machines, servers and models that are there or may be, each with its place", () => {
    const machines = ["client", "edge"];
    const there = { ...known, machines, servers: [...machines, "edge/second"], models: ["ssd-mobilenet", "null"] };
    const text = `
defaults: { models: rfcn }
experiments:
  - { name: p, serverMachines: [edge, eddge], models: [ssd-mobilnet, null] }
  - { name: q, clientMachines: nowhere, servers: [edge/second, edge/secnd] }
`;
    const words = (chosen?: string[]) => {
      try {
        parseExperiments(text, "bench.yaml", { ...there, chosen });
      } catch (error) {
        return error instanceof UserError ? error.message.split("\n") : [String(error)];
      }
      return [];
    };
    const rfcn = ['bench.yaml:2:21: defaults.models: no model "rfcn"', "  expected: one of ssd-mobilenet, null"];
    const fix =
      "  fix: every key with an example: bench/matrix/experiments/example.yaml; to measure without what is not deployed: --allow-missing";
    const p = [
      'bench.yaml:4:39: experiments[0].serverMachines: no machine "eddge"',
      "  expected: did you mean edge?",
      'bench.yaml:4:56: experiments[0].models: no model "ssd-mobilnet"',
      "  expected: did you mean ssd-mobilenet?",
    ];
    const q = [
      'bench.yaml:5:32: experiments[1].clientMachines: no machine "nowhere"',
      "  expected: one of client, edge",
      'bench.yaml:5:64: experiments[1].servers: no server "edge/secnd"',
      "  expected: did you mean edge/second?",
    ];
    expect(words()).toEqual([...rfcn, ...p, ...q, fix]);
    expect(words(["q"])).toEqual([...rfcn, ...q, fix]);
    expect(() => parseExperiments(text, "bench.yaml", known)).not.toThrow();
  });

  it("says where YAML itself is wrong", () => {
    expect(faults("experiments:\n  - name: a\n    name: b\n")[0]).toMatch(/^bench\.yaml:3:5: Map keys must be unique/);
    expect(faults("experiments:\n  - { name: a\n")[0]).toMatch(/^bench\.yaml:\d+:\d+: /);
    expect(faults("")[0]).toMatch(/^bench\.yaml:1:1: no experiments/);
    expect(faults("experiments: []")[0]).toMatch(/^bench\.yaml:1:\d+: experiments: none/);
    expect(faults("just text")[0]).toMatch(/no experiments/);
  });
});
