import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { accessConfig } from "../infra/config/access.ts";
import { parseMachine } from "../infra/hosts/facts/parse-facts.ts";
import { serverKind, serverKindNames } from "../infra/servers/registry.ts";
import { repoRoot } from "../lib/paths.ts";
import { loadFor, objectiveOf, objectiveText, visitPlan } from "./objective.ts";
import { begin } from "./race/race.ts";
import { RULE, readOnly, spaceOf } from "./space.ts";

function factsOf(name: string) {
  const reading = parseMachine(readFileSync(join(repoRoot, `infra/hosts/facts/fixtures/${name}.txt`), "utf8"));
  if (!reading.ok) throw new Error(name);
  return reading.facts;
}
const space = (more: object = {}, kind = "tf-serving", machine = "hyper-threading-on") =>
  spaceOf({
    ...{ kind: serverKind(kind), facts: factsOf(machine), models: [{ name: "ssd", version: 1 }], base: {} },
    ...{ access: accessConfig({}, []), protocol: "grpc", ...more },
  });
const ids = (more: object = {}) => space(more).trials.map(({ arm }) => arm.id);

test.each(serverKindNames)(
  "the space of %s is one that a race takes: the rule first, each arm another server",
  (name) => {
    for (const machine of ["lab-edge", "hyper-threading-on", "container-with-quota"]) {
      const [protocol = ""] = serverKind(name).endpoints.map((e) => e.protocol);
      const { trials } = space({ protocol }, name, machine);
      expect(trials[0]?.arm.id).toBe(RULE);
      const race = begin(
        trials.map(({ arm }) => arm),
        { kind: "latency" },
        1,
        { seconds: 60 },
      );
      expect(race.arms.length).toBe(trials.length);
      expect(new Set(trials.map((t) => JSON.stringify([t.spec, t.placement.cpuSet]))).size).toBe(trials.length);
    }
  },
);

test("only what is named is tried, at the values that are named, with the rule", () => {
  expect(ids({ only: readOnly("threads=1..2") })).toEqual([RULE, "threads=1", "threads=2"]);
  expect(ids({ only: readOnly("threads=1,16 pin=none") })).toEqual([RULE, "threads=1 pin=none", "threads=16 pin=none"]);
  expect(ids({ only: readOnly("batching") })).toEqual([RULE, "batching=on"]);
});

test("what the user has set and is not tried holds in every arm; what is tried takes its place", () => {
  const { trials } = space({ base: { interOp: 3, omp: 7 }, only: readOnly("threads=2") });
  expect(trials.map(({ spec }) => [spec.env["TENSORFLOW_INTER_OP_PARALLELISM"], spec.env["OMP_NUM_THREADS"]])).toEqual([
    ...[
      ["3", "4"],
      ["3", "2"],
    ],
  ]);
  expect(trials[1]?.found).toEqual({ omp: 2, intraOp: 2 });
});

test("a knob of REST is not tried over gRPC", () => {
  expect(ids().join()).not.toContain("restThreads");
  expect(ids({ protocol: "rest" }).join()).toContain("restThreads=2");
});

describe("a wrong --only", () => {
  test.each([["threads=0"], ["thread=1"], ["pin=everywhere"]])("is one clear fault: %s", (text) => {
    expect(() => space({ only: readOnly(text) })).toThrow(/^--only: /);
  });
  test.each(["", "=1", "threads=", "threads=4..1", "threads=1..99999", "threads=1 threads=2", "a=1;b"])(
    "%j is none",
    (text) => {
      expect(readOnly(text)).toBeUndefined();
    },
  );
});

test("an objective is read as it is written", () => {
  for (const text of ["throughput", "latency", "cost", "p99 < 200 ms at 10/s", "p99.9 < 50 ms at 0.5/s"])
    expect(objectiveText(objectiveOf(text) ?? { kind: "latency" })).toBe(text);
  expect(objectiveOf("P95<1.5s at 4 / s")).toEqual({
    kind: "percentile",
    percentile: 95,
    boundMs: 1500,
    ratePerSecond: 4,
  });
  for (const text of ["", "speed", "p0 < 1 ms at 1/s", "p99 < 0 ms at 1/s", "p99 < 200 ms", "p100 < 1 ms at 1/s"])
    expect(objectiveOf(text), text).toBeUndefined();
});

test("a visit is as long as its objective needs, and no longer than half a minute", () => {
  const plan = (text: string, callMs: number) => {
    const objective = objectiveOf(text) ?? { kind: "latency" };
    return visitPlan(objective, loadFor(objective, 4), callMs);
  };
  expect(plan("latency", 5).blockMs).toBe(2000);
  expect(plan("latency", 300).blockMs).toBe(6000);
  expect(plan("latency", 5000).blockMs).toBe(15_000);
  expect(plan("p99 < 200 ms at 10/s", 50)).toMatchObject({ blockMs: 30_000, leadIn: 150 });
  expect(loadFor({ kind: "throughput" }, 4)).toEqual({ mode: "closed-loop", concurrency: 8 });
});
