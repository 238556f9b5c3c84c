import { expect, test } from "vitest";
import { containerArgs, defaultMemoryMiB } from "../../resources/container.ts";
import { withoutTag } from "../../resources/docker-engine.ts";
import { serverKind } from "../registry.ts";

test("the memory limit leaves the host a tenth, and does not change with a few pages", () => {
  expect(defaultMemoryMiB(16 * 2 ** 30)).toBe(14592);
  expect(defaultMemoryMiB(16 * 2 ** 30 - 40_000)).toBe(14592);
});

test("a registry's port is not taken for a tag", () => {
  expect(withoutTag("10.0.0.1:5000/tfs")).toBe("10.0.0.1:5000/tfs");
  expect(withoutTag("10.0.0.1:5000/tfs:latest")).toBe("10.0.0.1:5000/tfs");
});

test("the same request gives the same container, in whatever order its parts come", () => {
  const threads = { physicalCores: 1, ompNumThreads: 1, intraOpParallelism: 1, interOpParallelism: 2, reason: "" };
  const spec = serverKind("tf-serving").spec([{ name: "null", version: 1 }], threads);
  const base = {
    container: "c",
    threads,
    modelsDir: "/w/models",
    grpcPort: 1,
    restPort: 2,
    bind: ["127.0.0.1"],
    memoryMiB: 64,
  };
  const env = Object.fromEntries(Object.entries(spec.env).reverse());
  expect(containerArgs({ ...base, spec, labels: { a: "1", b: "2" } })).toEqual(
    containerArgs({ ...base, spec: { ...spec, env }, labels: { b: "2", a: "1" } }),
  );
});
