import { expect, test } from "vitest";
import type { ContainerSpec } from "../servers/kind.ts";
import { containerArgs, memoryShareMiB } from "./container-args.ts";

const GIB = 2 ** 30;

test("the memory limit leaves the host a tenth, and does not change with a few pages", () => {
  expect(memoryShareMiB(16 * GIB)).toBe(14592);
  expect(memoryShareMiB(16 * GIB - 40_000)).toBe(14592);
});

test("servers of one host share what is left by those that the config gives a limit", () => {
  expect(memoryShareMiB(16 * GIB, [], 3)).toBe(4864);
  expect(memoryShareMiB(16 * GIB, [4096, 2048], 2)).toBe(4096);
  expect(() => memoryShareMiB(4 * GIB, [2048, 1800], 1)).toThrow("(2048 + 1800 MiB) leave nothing");
});

const spec: ContainerSpec = {
  env: { A: "1", B: "2" },
  ...{
    command: ["--x"],
    modelsPath: "/models",
    files: [],
    serving: null,
    healthTest: ["CMD", "true"],
    scratch: ["/tmp"],
  },
};
const endpoint = { api: "a", protocol: "grpc", port: 9500, containerPort: 8500, security: "none" } as const;
const request = {
  ...{ container: "c", spec, placement: { physicalCores: 1, reason: "" }, modelsDir: "/w/models" },
  ...{ endpoints: [endpoint], bind: ["127.0.0.1", "192.0.2.7"], memoryMiB: 64, labels: { a: "1", b: "2" } },
};

test("the same request gives the same container, in whatever order its parts come", () => {
  const env = Object.fromEntries(Object.entries(spec.env).reverse());
  expect(containerArgs({ ...request, spec: { ...spec, env }, labels: { b: "2", a: "1" } })).toEqual(
    containerArgs(request),
  );
});

test("the host has a port for each open endpoint at each address, but for one that a proxy stands before", () => {
  const endpoints = [
    endpoint,
    { ...endpoint, protocol: "rest", port: 9501, containerPort: 80, security: "token" },
  ] as const;
  expect(containerArgs({ ...request, endpoints }).ports).toEqual([
    { internal: 8500, external: 9500, ip: "127.0.0.1", protocol: "tcp" },
    { internal: 8500, external: 9500, ip: "192.0.2.7", protocol: "tcp" },
  ]);
});

test("a container has no limit of memory where the engine would leave it out", () => {
  expect(containerArgs(request)).toMatchObject({ memory: 64, memorySwap: 64 });
  const args = containerArgs({ ...request, memoryMiB: undefined });
  expect(["memory" in args, "memorySwap" in args]).toEqual([false, false]);
});

test("ports are told in the order in which Docker's provider reads them back, whatever the order of a kind's endpoints", () => {
  const other = { ...endpoint, protocol: "rest", port: 9400, containerPort: 8000 };
  const ports = (...endpoints: (typeof endpoint | typeof other)[]) =>
    containerArgs({ ...request, endpoints, bind: ["127.0.0.1"] }).ports.map(({ internal }) => internal);
  expect(ports(endpoint, other)).toEqual([8000, 8500]);
  expect(ports(other, endpoint)).toEqual([8000, 8500]);
});
