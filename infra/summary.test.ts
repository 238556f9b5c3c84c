import { expect, test } from "vitest";
import type { StackOutputs } from "./outputs.ts";
import { summary } from "./summary.ts";

test("a server's line says where it is, what it serves, its threads, and that it is a stand-in", () => {
  const outputs = {
    deployments: [
      {
        role: "edge",
        address: "192.0.2.7",
        grpcPort: 8500,
        restPort: 8501,
        models: [{ name: "null", version: 2 }],
        threads: { reason: "1 physical core may be used." },
        server: { kind: "tf-serving", standIn: true },
      },
    ],
  } as unknown as StackOutputs;
  expect(summary(outputs)).toEqual([
    "edge: tf-serving (a stand-in serves, not the real server) at 192.0.2.7, gRPC 8500, REST 8501: null/2; 1 physical core may be used.",
  ]);
});
