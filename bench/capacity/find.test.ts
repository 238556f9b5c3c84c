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

/** What goes wrong in a world; `n` counts its visits from 0. */
interface Faults {
  readonly failing?: (visit: VisitMessage, n: number) => boolean;
  /** The agent ends in such a visit. */
  readonly agentEnds?: (visit: VisitMessage, n: number) => boolean;
  /** The client lets calls wait in such a visit. */
  readonly lagging?: (visit: VisitMessage, n: number) => boolean;
  /** The bench is killed once it has so many records. */
  readonly killedAt?: number;
}

/** What a killed session has left. */
interface Left {
  readonly records: readonly JournalRecord[];
  readonly kept: readonly Cell[];
}

/** A worker that calls a simulated server, and a clock that goes with its time. */
function world(server: SimulatedServer, { failing, agentEnds, lagging, killedAt = Infinity }: Faults = {}) {
  const stream = random(4);
  const records: JournalRecord[] = [];
  const kept: Cell[] = [];
  const statuses: CapacityStatus[] = [];
  const visits: VisitMessage[] = [];
  let nowMs = 0;
  const visit = (message: VisitMessage, onOutcome: (m: CallOutcome) => void): Promise<VisitOutcome> => {
    const n = visits.push(message) - 1;
    if (agentEnds?.(message, n) === true) return Promise.reject(new Error('the agent on "client" ended'));
    if (failing?.(message, n) === true)
      return Promise.resolve({ error: { code: "RESOURCE_EXHAUSTED", message: "too many", opening: false } });
    const { load, calls, leadIn, blockMs } = message;
    const ratePerSecond = load["ratePerSecond"] as number | undefined;
    const next = { ratePerSecond, connections: Number(load["concurrency"]), calls, leadIn, blockMs };
    const { step, seconds } = simulatedStep(server, stream, next, 0);
    const lagMs = lagging?.(message, n) === true ? 9 : 0;
    for (const { dueMs, latencyMs } of step.calls)
      onOutcome({
        ...{
          type: "call",
          visit: message.visit,
          phase: "measure",
          ok: true,
          totalMs: latencyMs,
          beginMs: dueMs,
          lagMs,
        },
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
    record(record) {
      if (records.length >= killedAt) throw new Error("killed");
      records.push(record);
    },
    answer: () => {},
    onStatus: () => {},
    now: () => nowMs,
  };
  const find = (targets: readonly Cell[], budgetMs: number | null = null, left: Left = { records: [], kept: [] }) => {
    const firstRound = left.records.reduce((most, record) => Math.max(most, record.round + 1), 0);
    return findCapacities(
      { ...inputs, firstRound },
      {
        ...{ targets, mode: "poisson", precision: 0.05, timeoutMs: undefined, budgetMs },
        earlier: { cells: left.kept, steps: stepsOf(left.records) },
        options: () => ({ slo: slo as NonNullable<typeof slo>, precision: 0.05, busyConnections: 4 }),
        keep: (cell) => Promise.resolve(void kept.push(cell)),
        onStatus: (status) => void statuses.push(status),
      },
    );
  };
  return { find, records, kept, statuses, visits };
}

function stepsOf(records: readonly JournalRecord[]): Steps {
  const steps = new Steps();
  for (const record of records) steps.add(record);
  return steps;
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
    const again = resultsOf(kept, stepsOf(records), slo, 0.05);
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
    const refuses = world(server, { failing: ({ load }) => Number(load["ratePerSecond"] ?? 0) > 15 });
    const [one] = await refuses.find(targetsOf(planned).slice(0, 1));
    expect(one?.search.capacity.interval?.low).toBeLessThan(15.1);
    expect(one?.search.capacity.outcome).toBe("found");
    const dead = await world(server, { failing: () => true }).find(targetsOf(planned));
    expect(dead.map((d) => d.search.capacity.outcome)).toEqual(["failed", "failed"]);
    expect(exitOf(dead.map((d) => d.search))).toBe(1);
  });
});

const isRate = ({ load }: VisitMessage) => load["ratePerSecond"] !== undefined;
const [target] = targetsOf(planned) as [Cell];

describe("a step whose client was no good generator", () => {
  it("is made again at the same rate, and nothing is taken from it", async () => {
    const w = world(server, { lagging: (visit, n) => isRate(visit) && n % 4 === 2 });
    const [one] = await w.find([target]);
    expect(one?.search.capacity.outcome).toBe("found");
    const rates = w.visits.filter(isRate).map(({ load }) => load["ratePerSecond"] as number);
    expect((rates[1] ?? NaN) / (rates[0] ?? NaN)).toBeCloseTo(1, 2);
    const uncounted = w.statuses.map(({ searches }) => searches[0]?.search.uncounted);
    expect(uncounted[3]).toMatch(/^the client let calls wait: 9.00 ms \(p99\)/);
    expect(uncounted[4]).toBeUndefined();
    const [result] = resultsOf(w.kept, stepsOf(w.records), slo, 0.05);
    const { missed, clientFault, p50Ms, tailMs, goodputPerSecond } = result?.steps[2] ?? ({} as never);
    expect(clientFault).toBe(uncounted[3]);
    expect([p50Ms, tailMs, goodputPerSecond]).toEqual([null, null, null]);
    expect(missed).toBeGreaterThanOrEqual(0);
    // What is left out of the records changes nothing.
    const counted = w.visits.flatMap((visit, n) => (isRate(visit) && n % 4 === 2 ? [] : [n]));
    const rest = resultsOf(w.kept, stepsOf(w.records.filter((r) => counted.includes(r.round))), slo, 0.05);
    expect(rest[0]?.capacity.interval).toEqual(result?.capacity.interval);
  });

  it("three times in a row ends the search: the client machine is the limit; the last try asks for less", async () => {
    const w = world(server, { lagging: isRate });
    const [one] = await w.find([target]);
    const { capacity } = one?.search ?? ({} as never);
    expect(outcomeText(capacity)).toMatch(
      /^the client machine is the limit: 3 steps in a row say nothing of the server, the last one because the client let calls wait/,
    );
    expect(capacity).toMatchObject({ perSecond: null, interval: null });
    expect(exitOf([{ capacity }])).toBe(3);
    const rates = w.visits.filter(isRate).map(({ load }) => load["ratePerSecond"] as number);
    expect(rates).toHaveLength(3);
    expect((rates[2] ?? NaN) / (rates[0] ?? NaN)).toBeCloseTo(0.7, 2);
  });

  it("ends it too where most steps are so, though never three in a row", async () => {
    let rated = 0;
    const [one] = await world(server, { lagging: (visit) => isRate(visit) && ++rated % 3 !== 0 }).find([target]);
    expect(one?.search.capacity).toMatchObject({
      outcome: "client",
      why: expect.stringMatching(/^\d+ of \d+ steps say nothing of the server/) as string,
    });
    expect(one?.cells.length).toBeLessThan(15);
  });
});

describe("a failure in a search", () => {
  it("is the end of it where calls one by one fail, too: a dead server is no slow one", async () => {
    const w = world(server, { failing: (_, n) => n >= 5 });
    const [one] = await w.find([target]);
    expect(one?.search.capacity).toMatchObject({ outcome: "failed", why: "RESOURCE_EXHAUSTED: too many" });
    // A step at a rate, and one call after the other.
    expect(w.visits).toHaveLength(7);
    // What was known before is still known, and no lower for it.
    const before = resultsOf(w.kept, stepsOf(w.records.filter((r) => r.round < 5)), slo, 0.05);
    expect(one?.search.capacity.interval).toEqual(before[0]?.capacity.interval);
    expect(exitOf(one === undefined ? [] : [one.search])).toBe(1);
    // The server is back, and the run goes on.
    const [again] = await world(server).find([target], null, w);
    expect(again?.search.capacity.outcome).toBe("found");
  });

  it("of the agent says nothing of the server", async () => {
    const w = world(server, { agentEnds: (visit, n) => isRate(visit) && n < 5 });
    const [one] = await w.find([target]);
    expect(one?.search.capacity.outcome).toBe("found");
    const always = world(server, { agentEnds: isRate });
    expect((await always.find([target]))[0]?.search.capacity).toMatchObject({
      outcome: "client",
      why: '3 steps in a row say nothing of the server, the last one because the agent on "client" ended',
    });
  });
});

describe("a run of searches that was killed", () => {
  it("goes on after its last whole step: none is made twice, and what was cut short does not count", async () => {
    const targets = targetsOf(planned);
    const whole = await world(server).find(targets);
    // In the first steps, between two, and late.
    for (const killedAt of [10, 700, 9000]) {
      const first = world(server, { killedAt });
      await expect(first.find(targets), `${killedAt}`).rejects.toThrow("killed");
      const done = first.records.filter((r) => r.type === "visit").length;
      const second = world(server);
      const found = await second.find(targets, null, first);
      expect(found.map((f) => f.search.capacity.outcome)).toEqual(["found", "found"]);
      const kept = [...first.kept, ...second.kept];
      expect(new Set(kept.map((c) => c.id)).size).toBe(kept.length);
      const results = resultsOf(kept, stepsOf([...first.records, ...second.records]), slo, 0.05);
      expect(results.reduce((sum, r) => sum + r.steps.length, 0)).toBe(done + second.visits.length);
      expect(second.visits.filter((v) => !isRate(v)).length).toBe(4 - Math.min(4, done));
      for (const [i, { search }] of found.entries()) {
        const ratio = (search.capacity.perSecond ?? NaN) / (whole[i]?.search.capacity.perSecond ?? NaN);
        expect(Math.abs(Math.log(ratio))).toBeLessThan(0.15);
      }
    }
  });
});
