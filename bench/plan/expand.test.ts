import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ClientKind } from "../../clients/client.ts";
import { clientKinds } from "../../clients/registry.ts";
import { repoRoot } from "../../lib/paths.ts";
import { AXES, type Axis } from "../matrix/axes.ts";
import { parseExperiments } from "../matrix/experiments/load.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { NOTHING_CHOSEN } from "../testing/experiments.ts";
import { sampleMachine, sampleModel, sampleServer } from "../testing/sample-run.ts";
import { type Available, type Choice, expand } from "./expand.ts";
import { placements } from "./placements.ts";

const images = Array.from({ length: 10 }, (_, i) => `image-${i + 1}`);
const known = { images: images.map((_, i) => i + 1) };
const serverOf = (id: string, ...models: string[]) => sampleServer(id, models.map(sampleModel));
const edge = serverOf("edge", "ssd");
const deployed: Available = {
  machines: ["client", "cloud", "edge"].map(sampleMachine),
  servers: [serverOf("client", "ssd", "rfcn"), serverOf("cloud", "ssd", "rfcn"), edge],
  images,
};
const cellsOf = (text: string, choice: Partial<Choice> = {}, on = deployed, axes: readonly Axis[] = AXES) =>
  expand(parseExperiments(text, "x", known, axes), on, { ...NOTHING_CHOSEN, ...choice }, DEFAULT_LIMITS, axes);
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

  it("are local alone where no machine is the client, and that is said", () => {
    const on = { ...deployed, machines: [sampleMachine("edge")], servers: [edge] };
    const { cells, notes } = cellsOf(paper, {}, on);
    expect(new Set(cells.map((c) => `${c.clientMachine}>${c.serverMachine}`))).toEqual(new Set(["edge>edge"]));
    expect(notes[0]).toBe('experiment remote-image-2: no machine "client" is deployed: left out');
  });

  it("follow the command line: what an experiment leaves open is chosen, what it names is narrowed", () => {
    const some = cellsOf(paper, { images: ["image-2", "image-7"], models: ["ssd"], clientKinds: ["grpc-js"] });
    expect(some.cells).toHaveLength(5 * 2);
    expect(new Set(some.cells.map((c) => c.client))).toEqual(new Set(["grpc-js"]));
    expect(new Set(some.cells.map((c) => c.model))).toEqual(new Set(["ssd"]));
    expect(cellsOf("experiments: [{ name: a, images: [2, 3] }]", { images: ["image-3", "image-4"] }).cells).toSatisfy(
      (cells: { image: string }[]) => cells.length > 0 && cells.every((c) => c.image === "image-3"),
    );
    expect(cellsOf(paper, { experiments: ["local"] }).cells.every((c) => c.local)).toBe(true);
    expect(
      cellsOf(paper, { placements: ["remote"] }).cells.every((c) => c.clientMachine === "client" && !c.local),
    ).toBe(true);
  });

  it("send REST as the encodings say", () => {
    const kinds = (fields: string) => [
      ...new Set(cellsOf(`experiments: [{ name: a, ${fields} }]`).cells.map((c) => c.client)),
    ];
    expect(kinds("protocols: [grpc, rest], encodings: [lists, base64]")).toEqual(["probe", "rest", "rest-b64"]);
    expect(kinds("encodings: base64")).toEqual(["probe", "rest-b64"]);
    expect(kinds("protocols: rest")).toEqual(["rest"]);
    expect(kinds("clientKinds: [grpc-js]")).toEqual(["grpc-js"]);
    expect(kinds("about: x")).toEqual(["probe", "rest"]);
  });

  it("have every load that an experiment asks for", () => {
    const { cells } = cellsOf(
      "experiments: [{ name: a, images: 1, concurrency: [1, 4] }, { name: b, images: 1, ratePerSecond: 5 }]",
      { clientKinds: ["probe"] },
    );
    expect(cells.filter((c) => c.server === "edge").map((c) => c.load)).toEqual([
      { mode: "closed-loop", concurrency: 1 },
      { mode: "closed-loop", concurrency: 4 },
      { mode: "constant-rate", ratePerSecond: 5, concurrency: 1 },
    ]);
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
    expect(new Set(cells.map((c) => `${c.server} ${c.model}`))).toEqual(
      new Set(["cloud rfcn", "cloud ssd", "edge ssd"]),
    );
    expect(notes).toEqual([
      'experiment a: edge: without the model "rfcn": left out',
      'experiment a: no server has the model "other": left out',
    ]);
  });

  it("are planned for a model that a server does not have where that was asked for, to fail where it can be seen", () => {
    const choice = { models: ["ssd", "nosuch"], allowMissing: true };
    const { cells, notes } = cellsOf("experiments: [{ name: a }]", choice);
    expect(cells.some((c) => c.model === "nosuch")).toBe(true);
    expect(notes).toEqual(['experiment a: no server has the model "nosuch": its cells are planned and will fail']);
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

describe("cells by the endpoints of servers", () => {
  const remote = "experiments: [{ name: a, serverMachines: edge, images: 1 }]";
  const restAlone = { ...edge, endpoints: edge.endpoints.filter((e) => e.protocol === "rest") };

  it("are made where a client kind is offered, and what a server with one endpoint lacks is said once", () => {
    const { cells, notes } = cellsOf(paper, { images: ["image-2"] }, { ...deployed, servers: [restAlone] });
    expect(cells.map((c) => c.id)).toEqual(["edge>edge rest ssd image-2", "client>edge rest ssd image-2"]);
    expect(notes).toEqual(["edge has no endpoint for the client kind probe: left out"]);
  });

  it("miss each client kind that was named, wherever it is not offered", () => {
    const { notes } = cellsOf(
      remote,
      { clientKinds: ["probe", "grpc-js", "rest"] },
      { ...deployed, servers: [restAlone] },
    );
    expect(notes).toEqual(["edge has no endpoint for the client kinds probe, grpc-js: left out"]);
  });

  it("are said to be missing in one line for all servers that lack the same client kinds", () => {
    const third = { ...restAlone, id: "third" };
    const { notes } = cellsOf(
      "experiments: [{ name: a, images: 1 }]",
      { clientKinds: ["probe"] },
      { ...deployed, servers: [restAlone, third] },
    );
    expect(notes).toEqual(["edge, third have no endpoint for the client kind probe: left out"]);
  });

  it("are called by another API's client kinds where a server speaks that alone", () => {
    const other: ClientKind = {
      ...{ name: "plain", api: "plain", protocol: "rest", input: "file", isDefault: true, about: "made up" },
      create: () => {
        throw new Error("made up");
      },
    };
    const plain = { ...edge, endpoints: [{ api: "plain", protocol: "rest", port: 80, security: "none" as const }] };
    const on = { ...deployed, servers: [deployed.servers[1] ?? edge, plain], clientKinds: [...clientKinds, other] };
    const called = (fields: string) =>
      cellsOf(`experiments: [{ name: a, images: 1, models: ssd, ${fields} }]`, {}, on).cells.map(
        (c) => `${c.server} ${c.client} ${c.input}`,
      );
    expect(called("about: x")).toEqual(["cloud probe pixels", "cloud rest pixels", "edge plain file"]);
    expect(called("encodings: base64, protocols: rest")).toEqual(["cloud rest-b64 file", "edge plain file"]);
  });
});

describe("cells by machines and servers", () => {
  const second = { ...edge, id: "edge/second", kind: "other" };
  const two = { ...deployed, servers: [edge, second] };
  const servers = (fields: string) =>
    cellsOf(`experiments: [{ name: a, images: 1, protocols: rest, ${fields} }]`, {}, two).cells.map((c) => c.id);

  it("are made for each of two servers on one machine, and for those alone that are named by id or kind", () => {
    const [first, other] = ["client>edge rest ssd image-1", "client>edge edge/second rest ssd image-1"];
    expect(servers("about: x")).toEqual([first, other]);
    expect(servers("servers: edge")).toEqual([first]);
    expect(servers("servers: [other]")).toEqual([other]);
    expect(servers("servers: [edge/second, made-up]")).toEqual([first, other]);
    expect(cellsOf("experiments: [{ name: a, servers: [edge, nosuch] }]", {}, two).notes).toEqual([
      'experiment a: no server "nosuch" is deployed: left out',
    ]);
  });

  it("are local where two roles are one machine, and remote where they are not", () => {
    const facts = { ...sampleMachine("x").facts, machineId: "one" };
    const one = { ...deployed, machines: deployed.machines.map((m) => (m.id === "cloud" ? m : { ...m, facts })) };
    const { cells } = cellsOf("experiments: [{ name: a, images: 1, models: ssd, protocols: grpc }]", {}, one);
    expect(cells.map((c) => [c.id, c.local])).toEqual([
      ["client>cloud probe ssd image-1", false],
      ["client>edge probe ssd image-1", true],
    ]);
    expect(cellsOf(paper, { placements: ["remote"] }, one).cells.every((c) => c.server === "cloud")).toBe(true);
  });
});

describe("an axis of its own", () => {
  const letter: Axis = {
    ...{ key: "letter", title: "letter", isFactor: true, plan: { levels: ["a", "b", "c"], otherwise: "a" } },
    of: (c) => c.levels?.["letter"] ?? "a",
    levelTitle: (level) => level,
    idPart: (c) => (c.levels?.["letter"] === "a" ? "" : `letter ${c.levels?.["letter"]}`),
  };
  const axes = [...AXES, letter];
  const levels = (text: string) =>
    cellsOf(text, { placements: ["remote"], clientKinds: ["probe"] }, deployed, axes)
      .cells.filter((c) => c.server === "edge" && c.image === "image-1")
      .map((c) => [c.id, c.levels]);

  it("has the levels that experiments ask for by its key, and its own where they say nothing", () => {
    const [a, b] = [
      ["client>edge probe ssd image-1", { letter: "a" }],
      ["client>edge probe ssd image-1 letter b", { letter: "b" }],
    ];
    expect(levels("experiments: [{ name: x }]")).toEqual([a]);
    expect(levels("experiments: [{ name: x, letter: [a, b] }]")).toEqual([a, b]);
    expect(levels("defaults: { letter: b }\nexperiments: [{ name: x }, { name: y, letter: a }]")).toEqual([b, a]);
  });

  it("is a key with faults of its own, and none where there is no such axis", () => {
    expect(() => levels("experiments: [{ name: x, letter: d }]")).toThrow(
      /experiments\[0\]\.letter: "d"\n {2}expected: one of a, b, c/,
    );
    expect(() => levels("experiments: [{ name: x, leter: a }]")).toThrow(/did you mean letter\?/);
    expect(() => cellsOf("experiments: [{ name: x, letter: a }]")).toThrow(/letter: no such key/);
  });
});

describe("the placements of an experiment", () => {
  const pairs = (e: Parameters<typeof placements>[0]) =>
    placements(e, deployed.machines, deployed.servers).map((p) => `${p.clientMachine}>${p.server.id}`);

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
