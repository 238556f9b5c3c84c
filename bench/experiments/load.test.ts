import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
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
    const paper = parse(readFileSync(join(repoRoot, "bench/experiments/paper.yaml"), "utf8"));
    expect(paper.map((e) => [e.name, e.clientMachines, e.serverMachines, e.images])).toEqual([
      ["local", "same", "all", undefined],
      ["remote-image-2", ["client"], "others", [2]],
      ["remote-image-7", ["client"], "others", [7]],
      ["remote-all-images", ["client"], "others", undefined],
    ]);
  });

  it("has an example that is valid", () => {
    const example = parse(readFileSync(join(repoRoot, "bench/experiments/example.yaml"), "utf8"));
    expect(example.map((e) => e.name)).toEqual(["encodings", "client-libraries", "parallel", "steady-load"]);
    expect(example[3]).toMatchObject({ ratePerSecond: [2, 5], concurrency: [8], precision: 0.05 });
    expect(example[0]).toMatchObject({ precision: 0.02, limits: { requests: 200, blockMs: 1000, timeoutMs: 60_000 } });
  });

  it("takes one value where a list of one is meant", () => {
    expect(parse("experiments: [{ name: a, images: 2, models: ssd, concurrency: 4, protocols: rest }]")).toEqual([
      { name: "a", images: [2], models: ["ssd"], concurrency: [4], protocols: ["rest"], limits: {} },
    ]);
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
      'bench.yaml:5:11: experiments[0].name: "Local One" | a name of small letters, digits and hyphens',
      'bench.yaml:6:21: experiments[0].images[2]: "x" | a photograph\'s number, such as 2',
      'bench.yaml:8:23: experiments[1].protocols[1]: "soap" | Invalid option: expected one of "grpc"|"rest"',
      "bench.yaml:9:18: experiments[1].concurrency: 0 | a whole number, 1 or more",
      "bench.yaml:10:25: experiments[1].limits.requests: -1 | a whole number, 1 or more",
      'bench.yaml:10:45: experiments[1].limits.timeoutSeconds: "soon" | a positive number',
      "bench.yaml:12:14: experiments[2].images: no photograph 88 | some of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
      "bench.yaml:14:21: experiments[2].serverMachines: others, where clientMachines is same | all, or names: each machine calls itself",
      "bench.yaml:15:5: experiments[3].name: missing | a name",
      "bench.yaml:16:1: extra: no such key | defaults, experiments",
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

  it("says where YAML itself is wrong", () => {
    expect(faults("experiments:\n  - name: a\n    name: b\n")[0]).toMatch(/^bench\.yaml:3:5: Map keys must be unique/);
    expect(faults("experiments:\n  - { name: a\n")[0]).toMatch(/^bench\.yaml:\d+:\d+: /);
    expect(faults("")[0]).toMatch(/^bench\.yaml:1:1: no experiments/);
    expect(faults("experiments: []")[0]).toMatch(/^bench\.yaml:1:\d+: experiments: none/);
    expect(faults("just text")[0]).toMatch(/no experiments/);
  });
});
