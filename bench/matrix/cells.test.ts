import { describe, expect, it } from "vitest";
import { clientKinds } from "../../clients/registry.ts";
import type { Server } from "../../infra/outputs.ts";
import { sampleModel, sampleServer } from "../testing/sample-run.ts";
import { AXES, type Axis } from "./axes.ts";
import { connectionKey } from "./cell.ts";
import { type MatrixSpec, benchPlan } from "./cells.ts";

const MODELS = { client: ["ssd", "rfcn"], cloud: ["ssd", "rfcn"], edge: ["ssd"] };
const serverOf = (id: keyof typeof MODELS) => sampleServer(id, MODELS[id].map(sampleModel));
const [client, cloud, edge] = [serverOf("client"), serverOf("cloud"), serverOf("edge")];
const at = (clientMachine: string, server: Server) => ({
  clientMachine,
  server,
  local: clientMachine === server.machineId,
});

const spec: MatrixSpec = {
  placements: [at("client", client), at("cloud", cloud), at("edge", edge), at("client", cloud), at("client", edge)],
  clients: clientKinds.filter((k) => k.isDefault && k.api === "tf-serving"),
  models: new Map(Object.entries(MODELS)),
  images: ["image-1", "image-2"],
  loads: [{ mode: "closed-loop", concurrency: 1 }],
  levels: [{}],
};
const remote = { ...spec, placements: [at("client", edge)], images: ["image-1"] };

describe("the plan of a run", () => {
  it("has a cell for each placement, model of the server, client kind and image, each with an id of its own", () => {
    const cells = benchPlan(spec);
    expect(cells).toHaveLength((2 + 2 + 1 + 2 + 1) * 2 * 2);
    expect(new Set(cells.map((c) => c.id)).size).toBe(cells.length);
    expect(cells.filter((c) => c.serverMachine === "edge" && c.model === "rfcn")).toEqual([]);
    expect(new Set(cells.filter((c) => c.local).map((c) => `${c.clientMachine}>${c.server}`))).toEqual(
      new Set(["client>client", "cloud>cloud", "edge>edge"]),
    );
  });

  it("has a cell for each load, and says in its id what is not one call after the other", () => {
    const loads = [
      { mode: "closed-loop", concurrency: 1 },
      { mode: "closed-loop", concurrency: 4 },
      { mode: "constant-rate", concurrency: 8, ratePerSecond: 2.5 },
    ];
    expect(benchPlan({ ...remote, loads }).map((c) => c.id)).toEqual([
      "client>edge probe ssd image-1",
      "client>edge probe ssd image-1 x4",
      "client>edge probe ssd image-1 x8 2.5/s",
      "client>edge rest ssd image-1",
      "client>edge rest ssd image-1 x4",
      "client>edge rest ssd image-1 x8 2.5/s",
    ]);
  });

  it("has the client kinds of every API that an endpoint speaks, and of no other", () => {
    const endpoints = [{ api: "a", also: ["b"], protocol: "grpc", port: 1, security: "none" as const }];
    const clients = ["a", "b", "c"].map((api) => ({
      name: `of-${api}`,
      api,
      protocol: "grpc",
      input: "pixels" as const,
    }));
    const cells = benchPlan({ ...remote, clients, placements: [at("client", { ...edge, endpoints })] });
    expect(cells.map((c) => [c.client, c.api])).toEqual([
      ["of-a", "a"],
      ["of-b", "b"],
    ]);
  });

  it("calls servers of one kind on one machine by their names, but for one that is named after its kind", () => {
    const named = (name: string): Server => ({ ...edge, id: `edge/${name}`, kind: "flask" });
    const [flask, simdjson, json] = [named("flask"), named("simdjson"), named("json")];
    const levels = (...servers: Server[]) => {
      const models = new Map(servers.map((server) => [server.id, ["ssd"]]));
      const placements = servers.map((server) => at("client", server));
      const cells = benchPlan({ ...remote, models, servers, placements });
      return [...new Set(cells.map((c) => c.serverKind))];
    };
    expect(levels(flask, simdjson)).toEqual(["flask", "flask simdjson"]);
    expect(levels(json, simdjson)).toEqual(["flask json", "flask simdjson"]);
    expect(levels(simdjson)).toEqual(["flask"]);
  });

  it("has no client kind that sends what an endpoint does not take", () => {
    const endpoints = edge.endpoints.map((e) => ({ ...e, inputs: ["pixels" as const] }));
    const asked = (server: Server) => {
      const cells = benchPlan({ ...remote, clients: clientKinds, placements: [at("client", server)] });
      return new Set(cells.map((c) => c.input));
    };
    expect([asked(edge), asked({ ...edge, endpoints })]).toEqual([new Set(["pixels", "file"]), new Set(["pixels"])]);
  });

  it("has two servers on one machine as two, with connections of their own", () => {
    const second = { ...edge, id: "edge/second" };
    const cells = benchPlan({
      ...remote,
      placements: [at("client", edge), at("client", second)],
      models: new Map([...spec.models, ["edge/second", ["ssd"]]]),
    });
    expect(cells.map((c) => c.id)).toEqual([
      "client>edge probe ssd image-1",
      "client>edge rest ssd image-1",
      "client>edge edge/second probe ssd image-1",
      "client>edge edge/second rest ssd image-1",
    ]);
    expect(new Set(cells.map(connectionKey)).size).toBe(4);
  });

  it("has a server with one endpoint called by the client kinds that speak its API over its protocol alone", () => {
    const closed = { ...edge, endpoints: edge.endpoints.filter((e) => e.protocol === "rest") };
    const other = { ...edge, endpoints: [{ api: "other", protocol: "rest", port: 80, security: "none" as const }] };
    const clientsOf = (server: Server) =>
      benchPlan({ ...remote, placements: [at("client", server)] }).map((c) => [c.client, c.protocol]);
    expect(clientsOf(closed)).toEqual([["rest", "rest"]]);
    expect(clientsOf(other)).toEqual([]);
  });

  it("has every level of an axis of its own, which the axis tells in the id", () => {
    const letter: Axis = {
      ...{ key: "letter", title: "letter", isFactor: true, plan: { levels: ["a", "b"], otherwise: "a" } },
      of: (c) => c.levels?.["letter"] ?? "a",
      levelTitle: (level) => level.toUpperCase(),
      idPart: (c) => (c.levels?.["letter"] === "b" ? "letter b" : ""),
    };
    const cells = benchPlan({ ...remote, levels: [{ letter: "a" }, { letter: "b" }] }, [...AXES, letter]);
    expect(cells.map((c) => [c.id, c.levels])).toEqual([
      ["client>edge probe ssd image-1", { letter: "a" }],
      ["client>edge probe ssd image-1 letter b", { letter: "b" }],
      ["client>edge rest ssd image-1", { letter: "a" }],
      ["client>edge rest ssd image-1 letter b", { letter: "b" }],
    ]);
    expect(benchPlan(remote).every((c) => !("levels" in c))).toBe(true);
  });

  it("names a connection by client machine, server and client kind", () => {
    expect(new Set(benchPlan(spec).map(connectionKey)).size).toBe(5 * 2);
  });
});
