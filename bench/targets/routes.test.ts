import { describe, expect, it } from "vitest";
import type { Server } from "../../infra/outputs.ts";
import { cellOf } from "../testing/cells.ts";
import { sampleMachine, sampleModel, sampleServer } from "../testing/sample-run.ts";
import { routesOf } from "./routes.ts";

const machines = ["client", "edge"].map((id) => ({ ...sampleMachine(id), address: `${id}.example` }));
const edge = sampleServer("edge", [sampleModel("null")]);
const port = (protocol: string) => edge.endpoints.find((e) => e.protocol === protocol)?.port;
const cell = (from: string, client: string) => cellOf([from, "edge"], "null", client, "image-1");
const route = (server: Server, from = "client", client = "probe") =>
  routesOf({ machines, servers: [server] }).of(cell(from, client));

describe("the route of a cell", () => {
  it("goes to the endpoint of its API and protocol, on the machine's address, or on loopback where it is local", () => {
    expect(route(edge)).toEqual({ address: "edge.example", port: port("grpc") });
    expect(route(edge, "client", "rest")).toEqual({ address: "edge.example", port: port("rest") });
    expect(route(edge, "edge")).toEqual({ address: "127.0.0.1", port: port("grpc") });
    expect(() => route({ ...edge, endpoints: [] })).toThrow("edge has no endpoint of");
  });

  it("goes to the endpoint that speaks its API beside another", () => {
    const endpoints = edge.endpoints.map((e) => ({ ...e, api: "made-up", also: ["another", e.api] }));
    expect(route({ ...edge, endpoints })).toEqual({ address: "edge.example", port: port("grpc") });
  });

  it("is told where the server has its metrics: at the endpoint that has the page, and nowhere where that is closed", () => {
    const metrics = { api: "made-up", protocol: "rest", path: "/m" };
    expect(route({ ...edge, metrics }).metrics).toEqual({
      ...{ api: "made-up", protocol: "grpc", port: port("rest"), path: "/m" },
    });
    const closed = { ...edge, metrics, endpoints: edge.endpoints.filter((e) => e.protocol === "grpc") };
    expect(route(closed)).toEqual({ address: "edge.example", port: port("grpc") });
  });

  it("goes to every replica's endpoint of its protocol, and so does what reads the metrics", () => {
    const { endpoints } = edge;
    const replica = (n: number) => ({
      ...{ container: `c-${n}`, workspace: "/w", placement: edge.placement },
      ports: endpoints.map((e) => e.port + 100 * n),
    });
    const replicated = {
      ...edge,
      replicas: [replica(1), replica(2)],
      metrics: { api: "a", protocol: "rest", path: "/m" },
    };
    const [grpc = 0, rest = 0] = [port("grpc"), port("rest")];
    expect(route(replicated)).toMatchObject({
      ...{ port: grpc, otherPorts: [grpc + 100, grpc + 200] },
      metrics: { port: rest, otherPorts: [rest + 100, rest + 200] },
    });
    expect(route(replicated, "client", "rest")).toMatchObject({ port: rest, otherPorts: [rest + 100, rest + 200] });
  });

  it("names the security of each endpoint apart, and the version of a model that has a canary", () => {
    const endpoints = edge.endpoints.map((e) => ({
      ...e,
      security: e.protocol === "rest" ? ("token" as const) : ("mutual-tls" as const),
    }));
    const canary = { version: 2, sha256: "1".repeat(64), from: "other" };
    const models = edge.models.map((m) => ({ ...m, canary }));
    const metrics = { api: "made-up", protocol: "rest", path: "/m" };
    const found = route({ ...edge, endpoints, models, metrics });
    expect(found.version).toBe(1);
    expect(found.security).toMatch(/over grpc of edge$/);
    expect(found.metrics?.security).toMatch(/over rest of edge$/);
  });

  it("needs no tunnel where a server that is reached by one is local", async () => {
    const hidden = { ...edge, access: { ...edge.access, expose: "tunnel" as const } };
    const routes = routesOf({ machines, servers: [hidden] });
    await routes.open(cell("edge", "probe"));
    expect(routes.of(cell("edge", "probe")).address).toBe("127.0.0.1");
    await routes.close();
  });

  it("leads through this machine without a connection where client and server are reached without one", async () => {
    const here = machines.map((m) => ({ ...m, ssh: null }));
    const hidden = { ...edge, access: { ...edge.access, expose: "tunnel" as const } };
    const routes = routesOf({ machines: here, servers: [hidden] });
    const remote = cell("client", "rest");
    await routes.open(remote);
    expect(routes.of(remote)).toEqual({ address: "127.0.0.1", port: port("rest") });
    await routes.close();
  });
});
