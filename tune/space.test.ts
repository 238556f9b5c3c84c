import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { accessConfig } from "../infra/config/access.ts";
import { parseMachine } from "../infra/hosts/facts/parse-facts.ts";
import { serverKind, serverKindNames } from "../infra/servers/registry.ts";
import { repoRoot } from "../lib/paths.ts";
import { loadFor, objectiveOf, objectiveText, visitPlan } from "./objective.ts";
import { begin } from "./race/race.ts";
import { RULE, type Trial, readOnly, spaceOf } from "./space.ts";

function factsOf(name: string) {
  const reading = parseMachine(readFileSync(join(repoRoot, `infra/hosts/facts/fixtures/${name}.txt`), "utf8"));
  if (!reading.ok) throw new Error(name);
  return reading.facts;
}
const space = (more: object = {}, kind = "tf-serving", machine = "hyper-threading-on") =>
  spaceOf({
    ...{ kind: serverKind(kind), facts: factsOf(machine), models: [{ name: "ssd", version: 1 }], base: {} },
    ...{ access: accessConfig({}, []), protocol: "grpc", overlap: true, ...more },
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
      const made = (t: Trial) => [t, ...t.replicas].map(({ spec, placement }) => [spec, placement.cpuSet]);
      expect(new Set(trials.map((t) => JSON.stringify(made(t)))).size).toBe(trials.length);
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

describe("replicas", () => {
  const trialOf = (id: string, more: object = {}) => space(more).trials.find(({ arm }) => arm.id === id);

  test("are tried with the threads that fit beside them, each arm on its share of the cores", () => {
    const tried = ids().filter((id) => !id.endsWith("replicas=1") && id.includes("replicas="));
    // Four cores with two hyper-threads each; two operators at a time, as by the rule.
    expect(tried.filter((id) => id.includes("pin=physical"))).toEqual([
      ...["threads=1 interOp=2 pin=physical replicas=2", "threads=1 interOp=2 pin=physical replicas=4"],
      ...["threads=2 interOp=2 pin=physical replicas=2", "threads=2 interOp=2 pin=physical replicas=4"],
      ...["threads=3 interOp=2 pin=physical replicas=2", "threads=4 interOp=2 pin=physical replicas=2"],
    ]);
    const trial = trialOf("threads=1 interOp=2 pin=physical replicas=4");
    expect([trial, ...(trial?.replicas ?? [])].map((one) => one?.placement.cpuSet)).toEqual(["0", "1", "2", "3"]);
    expect(trial?.replicas.map(({ spec }) => spec.env["OMP_NUM_THREADS"])).toEqual(["1", "1", "1"]);
    expect(trial?.found).toEqual({ omp: 1, intraOp: 1, interOp: 2, pin: "physical", replicas: 4 });
  });

  test("are as many arms as a race can compare on a large machine, too", () => {
    const { trials } = space({}, "tf-serving", "two-sockets-eight-nodes");
    expect(trials.some(({ replicas }) => replicas.length === 15)).toBe(true);
  });

  test("are not tried where calls do not overlap, nor where there is one core, nor if the kind has no knob for them", () => {
    expect(ids({ overlap: false }).join()).not.toContain("replicas");
    expect(space({}, "tf-serving", "lab-edge").knobs.map(({ name }) => name)).not.toContain("replicas");
    expect(space({}, "openvino").knobs.map(({ name }) => name)).not.toContain("replicas");
  });

  test("are tried at the values that are named, whatever threads are named beside them", () => {
    // Four threads without replicas are the rule.
    expect(ids({ only: readOnly("replicas=2,4 threads=4") })).toEqual([
      ...[RULE, "replicas=2 threads=4", "replicas=4 threads=4"],
    ]);
    expect(() => space({ only: readOnly("replicas=5") })).toThrow(/^--only: replicas="5"/);
    expect(() => space({ only: readOnly("replicas=0") })).toThrow(/^--only: replicas="0"/);
  });

  test("that the user has set hold in every arm where they are not tried, and the threads are those of a share", () => {
    const more = { base: { replicas: 2 }, only: readOnly("threads") };
    expect(ids(more)).toEqual([RULE, "threads=1", "threads=3", "threads=4"]);
    for (const { replicas } of space(more).trials) expect(replicas).toHaveLength(1);
    expect(space({ base: { replicas: 2 } }).trials[0]?.replicas).toEqual([]);
  });
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
