import { expect, test } from "vitest";
import type { StackOutputs } from "./outputs.ts";
import { summary } from "./summary.ts";

test("a server's line says where it is, what it serves, its place, that it is a stand-in, and what its image notes", () => {
  const outputs = {
    machine: { id: "edge", address: "192.0.2.7" },
    servers: [
      {
        id: "edge/one",
        kind: "plain",
        standIn: true,
        note: "Its native backends are not used.",
        endpoints: [
          { protocol: "grpc", port: 8500 },
          { protocol: "rest", port: 8501 },
        ],
        models: [{ name: "null", version: 2 }],
        placement: { reason: "1 physical core may be used." },
      },
    ],
  } as unknown as StackOutputs;
  expect(summary(outputs)).toEqual([
    "edge/one: plain (a stand-in serves, not the real server) at 192.0.2.7, gRPC 8500, REST 8501: null/2; 1 physical core may be used. Its native backends are not used.",
  ]);
});

test("a server with replicas has the ports of each of them in its line", () => {
  const endpoints = [
    { protocol: "grpc", port: 8500 },
    { protocol: "rest", port: 8501 },
  ];
  const replicas = [{ ports: [8600, 8601] }, { ports: [8700, 8701] }];
  const server = {
    id: "edge",
    kind: "plain",
    standIn: false,
    endpoints,
    replicas,
    models: [{ name: "m", version: 1 }],
  };
  const outputs = { machine: { address: "h" }, servers: [{ ...server, placement: { reason: "Why." } }] };
  expect(summary(outputs as unknown as StackOutputs)).toEqual([
    "edge: plain at h, gRPC 8500 and 8600 and 8700, REST 8501 and 8601 and 8701: m/1; Why.",
  ]);
});
