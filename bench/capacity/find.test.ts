import { describe, expect, it } from "vitest";
import type { CallOutcome, VisitOutcome, WorkerLink } from "../run/agent/link.ts";
import type { VisitMessage } from "../run/agent/protocol.ts";
import type { RunInputs } from "../run/inputs.ts";
import type { JournalRecord } from "../records/records.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import type { Cell } from "../matrix/cell.ts";
import { manifestOf } from "../testing/studies.ts";
import { SERVERS, type SimulatedServer } from "../../selfbench/truth/capacity/servers.ts";
import { simulatedStep } from "../../selfbench/truth/capacity/trial.ts";
import { random } from "../stats/math/random.ts";
import { type CapacityStatus, findCapacities } from "./find.ts";
import { Steps } from "./gather.ts";
import { exitOf, outcomeText, resultsOf } from "./result.ts";
import { sloOf } from "./slo.ts";
import { searchKey, stepCell, targetsOf } from "./targets.ts";

const slo = sloOf("p95 < 200 ms");
if (slo === undefined) throw new Error("no objective");
const planned = manifestOf({
  placements: [["client", "edge"]],
  models: ["ssd"],
  clients: ["probe", "rest"],
  images: [1, 2].map((i) => ({ name: `image-${i}`, fileBytes: 1000 })),
}).cells;

/** A worker that calls a simulated server, and a clock that goes with its time. */
function world(server: SimulatedServer, failing: (visit: VisitMessage) => boolean = () => false) {
  const stream = random(4);
  const records: JournalRecord[] = [];
  const kept: Cell[] = [];
  const statuses: CapacityStatus[] = [];
  const visits: VisitMessage[] = [];
  let nowMs = 0;
  const visit = (message: VisitMessage, onOutcome: (m: CallOutcome) => void): Promise<VisitOutcome> => {
    visits.push(message);
    if (failing(message))
      return Promise.resolve({ error: { code: "RESOURCE_EXHAUSTED", message: "too many", opening: false } });
    const { load, calls, leadIn, blockMs } = message;
    const ratePerSecond = load["ratePerSecond"] as number | undefined;
    const next = { ratePerSecond, connections: Number(load["concurrency"]), calls, leadIn, blockMs };
    const { step, seconds } = simulatedStep(server, stream, next, 0);
    for (const { dueMs, latencyMs } of step.calls)
      onOutcome({
        ...{ type: "call", visit: message.visit, phase: "measure", ok: true, totalMs: latencyMs, beginMs: dueMs },
        at: new Date(nowMs + dueMs).toISOString(),
        ...{ encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null },
        ...{ requestBytes: 1, responseBytes: 1 },
      });
    nowMs += 1000 * seconds;
    const idle = {
      loopMeanMs: 0,
      loopP99Ms: 0,
      loopMaxMs: 0,
      loopBusy: 0,
      ownWorkMs: 0,
      gcPauses: 0,
      gcMs: 0,
      gcMaxMs: 0,
    };
    return Promise.resolve({ warmup: { calls: 0, ended: "none" }, client: { spanMs: 1000 * seconds, ...idle } });
  };
  const link = { visit } as unknown as WorkerLink;
  const inputs: RunInputs = {
    ...{ already: new Map(), ended: new Set(), firstRound: 0, cells: [], limits: DEFAULT_LIMITS, seed: 1 },
    link: () => Promise.resolve(link),
    route: () => ({ address: "127.0.0.1", port: 1 }),
    record: (record) => void records.push(record),
    answer: () => {},
    onStatus: () => {},
    now: () => nowMs,
  };
  const find = (targets: readonly Cell[], budgetMs: number | null = null) =>
    findCapacities(inputs, {
      ...{ targets, mode: "poisson", precision: 0.05, timeoutMs: undefined, budgetMs },
      options: () => ({ slo: slo as NonNullable<typeof slo>, precision: 0.05, busyConnections: 4 }),
      keep: (cell) => Promise.resolve(void kept.push(cell)),
      onStatus: (status) => void statuses.push(status),
    });
  return { find, records, kept, statuses, visits };
}

const server = SERVERS.find((s) => s.name.startsWith("a quota")) as SimulatedServer;

describe("what is searched", () => {
  it("is each client kind, server and model once, with its first photograph", () => {
    const targets = targetsOf(planned);
    expect(targets.map((t) => [t.client, t.image])).toEqual([
      ["probe", "image-1"],
      ["rest", "image-1"],
    ]);
  });

  it("has steps with cells of their own, all of one search", () => {
    const [target] = targetsOf(planned) as [Cell];
    const next = { ratePerSecond: 12.3456, connections: 8, calls: 100, leadIn: 5, blockMs: 9000 };
    const first = stepCell(target, next, "poisson", new Set());
    const second = stepCell(target, next, "poisson", new Set([first.id]));
    expect(first.load).toEqual({ mode: "poisson", ratePerSecond: 12.35, concurrency: 8 });
    expect(second.id).not.toBe(first.id);
    expect(new Set([target, first, second].map(searchKey)).size).toBe(1);
  });
});

describe("searches of a run", () => {
  it("make steps in turn until both capacities are known, and the records alone say the same again", async () => {
    const { find, records, kept, statuses, visits } = world(server);
    const found = await find(targetsOf(planned));
    expect(found.map((f) => f.search.capacity.outcome)).toEqual(["found", "found"]);
    expect(new Set(visits.slice(0, 2).map((v) => v.client))).toEqual(new Set(["probe", "rest"]));
    expect(visits.every((v) => v.load.mode === "closed-loop" || v.leadIn > 0)).toBe(true);
    expect(statuses[0]?.secondsLeft).toBeGreaterThan(0);
    const steps = new Steps();
    for (const record of records) steps.add(record);
    const again = resultsOf(kept, steps, slo, 0.05);
    const byId = (id: string) => again.find((r) => searchKey(r.target) === id)?.capacity.perSecond ?? NaN;
    for (const { target, search } of found)
      expect(byId(target.id) / (search.capacity.perSecond ?? NaN)).toBeCloseTo(1, 6);
    expect(exitOf(again)).toBe(0);
  });

  it("begin no step that the budget has no time for, and say what they have", async () => {
    const { find } = world(server);
    const found = await find(targetsOf(planned), 60_000);
    expect(found.map((f) => f.search.capacity.outcome)).toEqual(["open", "open"]);
    expect(outcomeText(found[0]?.search.capacity ?? ({} as never))).toMatch(/^open/);
    expect(exitOf(found.map((f) => f.search))).toBe(3);
  });

  it("take a rate at which calls are refused for too high, and a server that refuses single calls for failed", async () => {
    const refuses = world(server, ({ load }) => Number(load["ratePerSecond"] ?? 0) > 15);
    const [one] = await refuses.find(targetsOf(planned).slice(0, 1));
    expect(one?.search.capacity.interval?.low).toBeLessThan(15.1);
    expect(one?.search.capacity.outcome).toBe("found");
    const dead = await world(server, () => true).find(targetsOf(planned));
    expect(dead.map((d) => d.search.capacity.outcome)).toEqual(["failed", "failed"]);
    expect(exitOf(dead.map((d) => d.search))).toBe(1);
  });
});
