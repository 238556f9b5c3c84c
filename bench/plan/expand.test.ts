import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repoRoot } from "../../lib/paths.ts";
import { clientKinds } from "../../clients/registry.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { type Choice, type Deployed, expand, placements } from "./expand.ts";
import { parseExperiments } from "../matrix/experiments/load.ts";
import { NOTHING_CHOSEN } from "../testing/experiments.ts";

const images = Array.from({ length: 10 }, (_, i) => `image-${i + 1}`);
const known = { images: images.map((_, i) => i + 1) };
const deployed: Deployed = {
  modelsByRole: { client: ["ssd", "rfcn"], cloud: ["ssd", "rfcn"], edge: ["ssd"] },
  images,
  clientKinds,
};
const cellsOf = (text: string, choice: Partial<Choice> = {}, on = deployed) =>
  expand(parseExperiments(text, "x", known), on, { ...NOTHING_CHOSEN, ...choice }, DEFAULT_LIMITS);
const paper = readFileSync(join(repoRoot, "bench/matrix/experiments/paper.yaml"), "utf8");

describe("the cells of experiments", () => {
  it("are, for the paper's file, each machine by itself and the client machine to every other, all photographs", () => {
    const { cells, notes } = cellsOf(paper);
    expect(cells).toHaveLength((2 + 2 + 1 + 2 + 1) * 2 * 10);
    expect(new Set(cells.map((c) => c.id)).size).toBe(cells.length);
    expect(notes).toEqual([]);
    const cell = (id: string) => cells.find((c) => c.id === id);
    expect(cell("client>edge probe ssd image-2")?.experiments).toEqual(["remote-image-2", "remote-all-images"]);
    expect(cell("edge>edge rest ssd image-3")?.experiments).toEqual(["local"]);
  });

  it("are local alone where no machine has the role client, and that is said", () => {
    const on = { ...deployed, modelsByRole: { edge: ["ssd"] } };
    const { cells, notes } = cellsOf(paper, {}, on);
    expect(new Set(cells.map((c) => `${c.clientRole}>${c.serverRole}`))).toEqual(new Set(["edge>edge"]));
    expect(notes[0]).toBe('experiment remote-image-2: no machine "client" is deployed: left out');
  });

  it("follow the command line: what an experiment leaves open is chosen, what it names is narrowed", () => {
    const some = cellsOf(paper, { images: ["image-2", "image-7"], models: ["ssd"], clientKinds: ["grpc-js"] });
    expect(some.cells).toHaveLength(5 * 2);
    expect(new Set(some.cells.map((c) => c.clientKind))).toEqual(new Set(["grpc-js"]));
    expect(new Set(some.cells.map((c) => c.model))).toEqual(new Set(["ssd"]));
    expect(cellsOf("experiments: [{ name: a, images: [2, 3] }]", { images: ["image-3", "image-4"] }).cells).toSatisfy(
      (cells: { image: string }[]) => cells.length > 0 && cells.every((c) => c.image === "image-3"),
    );
    expect(cellsOf(paper, { experiments: ["local"] }).cells.every((c) => c.clientRole === c.serverRole)).toBe(true);
    expect(cellsOf(paper, { places: ["remote"] }).cells.every((c) => c.clientRole === "client")).toBe(true);
  });

  it("send REST as the encodings say", () => {
    const kinds = (fields: string) => [
      ...new Set(cellsOf(`experiments: [{ name: a, ${fields} }]`).cells.map((c) => c.clientKind)),
    ];
    expect(kinds("protocols: [grpc, rest], encodings: [lists, base64]")).toEqual(["probe", "rest", "rest-b64"]);
    expect(kinds("encodings: base64")).toEqual(["probe", "rest-b64"]);
    expect(kinds("protocols: rest")).toEqual(["rest"]);
    expect(kinds("clientKinds: [grpc-js]")).toEqual(["grpc-js"]);
    expect(kinds("about: x")).toEqual(["probe", "rest"]);
  });

  it("have limits of their own only where they differ from the run's, and the stricter of two experiments'", () => {
    const { cells } = cellsOf(`
experiments:
  - { name: a, images: 1, precision: 5 %, limits: { requests: 300 } }
  - { name: b, images: [1, 2], precision: 1 % }
  - { name: c, images: 3 }
`);
    const limits = (image: string) => cells.find((c) => c.image === image)?.limits;
    expect(limits("image-1")).toEqual({ requests: 300, precision: 0.01 });
    expect(limits("image-2")).toEqual({ precision: 0.01 });
    expect(limits("image-3")).toBeUndefined();
  });

  it("are left out, and that is said, where a server does not have the model that was named", () => {
    const { cells, notes } = cellsOf("experiments: [{ name: a, images: 1 }]", { models: ["rfcn", "ssd", "other"] });
    expect(new Set(cells.map((c) => `${c.serverRole} ${c.model}`))).toEqual(
      new Set(["cloud rfcn", "cloud ssd", "edge ssd"]),
    );
    expect(notes).toEqual([
      'experiment a: edge: without the model "rfcn": left out',
      'experiment a: no machine has the model "other": left out',
    ]);
  });

  it("are planned for a model that a server does not have where that was asked for, to fail where it can be seen", () => {
    const choice = { models: ["ssd", "nosuch"], allowMissing: true };
    const { cells, notes } = cellsOf("experiments: [{ name: a }]", choice);
    expect(cells.some((c) => c.model === "nosuch")).toBe(true);
    expect(notes).toEqual(['experiment a: no machine has the model "nosuch": its cells are planned and will fail']);
  });

  it("have the command line's limits before an experiment's", () => {
    const { cells } = expand(
      parseExperiments("experiments: [{ name: a, limits: { requests: 300, blockRequests: 5 } }]", "x", known),
      deployed,
      { ...NOTHING_CHOSEN, limits: { requests: 3 } },
      { ...DEFAULT_LIMITS, requests: 3 },
    );
    expect(cells[0]?.limits).toEqual({ blockRequests: 5 });
  });
});

describe("the placements of an experiment", () => {
  const roles = ["client", "cloud", "edge"];
  const pairs = (e: Parameters<typeof placements>[0]) =>
    placements(e, roles).map((p) => `${p.clientRole}>${p.serverRole}`);

  it("are every machine to itself, one to all others, one to all, or as named", () => {
    expect(pairs({ clientMachines: "same" })).toEqual(["client>client", "cloud>cloud", "edge>edge"]);
    expect(pairs({ clientMachines: "same", serverMachines: ["edge"] })).toEqual(["edge>edge"]);
    expect(pairs({})).toEqual(["client>cloud", "client>edge"]);
    expect(pairs({ serverMachines: "all" })).toEqual(["client>client", "client>cloud", "client>edge"]);
    expect(pairs({ clientMachines: ["cloud"], serverMachines: ["edge", "cloud"] })).toEqual([
      "cloud>cloud",
      "cloud>edge",
    ]);
  });
});
