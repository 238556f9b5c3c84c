import { describe, expect, it } from "vitest";
import type { CallOutcome, WorkerLink } from "./agent/link.ts";
import type { ClientWatch, VisitMessage } from "./agent/protocol.ts";
import type { Cell } from "../matrix/cell.ts";
import { DEFAULT_LIMITS, type Limits } from "../matrix/limits.ts";
import type { JournalRecord } from "../records/records.ts";
import type { RunInputs } from "./inputs.ts";
import { runMatrix } from "./rounds.ts";
import { callMessage } from "../testing/calls.ts";
import { gatherCells } from "../stats/gather.ts";
import { cellOf } from "../testing/cells.ts";

const cell = (server: string, image: string, clientMachine = "client", more: Partial<Cell> = {}) =>
  cellOf([clientMachine, server], "ssd", "probe", image, more);

const call = (visit: number, phase: "warmup" | "measure", totalMs: number, error?: string) =>
  callMessage({
    ...{ visit, phase, totalMs },
    ...(error === undefined ? {} : { ok: false, error: { code: "NOT_FOUND", message: error } }),
  });

/** A worker that answers at once, and a clock that its calls move. */
function world(
  limits: Partial<Limits>,
  cells: Cell[],
  options: { callMs?: number | (() => number); fails?: (image: string) => boolean; client?: ClientWatch } = {},
) {
  const records: JournalRecord[] = [];
  let nowMs = 0;
  let { callMs } = options;
  const visits: { image: string; warmup: number; calls: number; round: number }[] = [];
  const link: WorkerLink = {
    sendImage: () => Promise.resolve(),
    sendSecurity: () => Promise.resolve(),
    close: () => Promise.resolve(),
    gone: () => false,
    visit(m, onOutcome) {
      visits.push({ image: m.image, warmup: m.warmup, calls: m.calls, round: 0 });
      if (options.fails?.(m.image)) {
        onOutcome(call(m.visit, "measure", 1, "Servable not found"));
        return Promise.resolve({ error: { code: "NOT_FOUND", message: "Servable not found", opening: false } });
      }
      for (let i = 0; i < m.warmup + m.calls; i++) {
        const ms = typeof callMs === "function" ? callMs() : (callMs ?? 10);
        nowMs += ms;
        onOutcome(call(m.visit, i < m.warmup ? "warmup" : "measure", ms));
      }
      const client = options.client === undefined ? {} : { client: options.client };
      return Promise.resolve({ warmup: { calls: m.warmup, ended: "calls" as const }, ...client });
    },
  };
  const inputs: RunInputs = {
    cells,
    limits: { ...DEFAULT_LIMITS, precision: null, ...limits },
    seed: 1,
    already: new Map(),
    ended: new Set(),
    firstRound: 0,
    route: () => ({ address: "127.0.0.1", port: 1 }),
    link: () => Promise.resolve(link),
    record: (r) => records.push(r),
    answer: () => {},
    onStatus: () => {},
    now: () => nowMs,
  };
  const measured = (id: string) =>
    records.filter((r) => r.type === "call" && r.ok && r.phase === "measure" && r.cell === id).length;
  return { inputs, link, records, visits, measured, setCallMs: (ms: () => number) => (callMs = ms) };
}

describe("a run", () => {
  it("warms a server up as if it were new when it was frozen until its turn, over new connections, and no other", async () => {
    const cells = [cell("edge", "image-1"), cell("cloud", "image-1")];
    const w = world({ requests: 30, blockRequests: 10, warmupRequests: 3 }, cells);
    const visits: { server: string; warmup: number; anew: boolean | undefined }[] = [];
    let runs = "";
    let turns = 0;
    const link = {
      ...w.link,
      visit: (m: VisitMessage, onOutcome: (o: CallOutcome) => void) => {
        visits.push({ server: runs, warmup: m.warmup, anew: m.anew });
        return w.link.visit(m, onOutcome);
      },
    };
    await runMatrix({
      ...{ ...w.inputs, link: () => Promise.resolve(link), blocks: [(c: Cell) => c.server] },
      takeTurn: (c) => {
        const frozen = runs !== "" && runs !== c.server && turns > 1;
        [runs, turns] = [c.server, turns + 1];
        return Promise.resolve(frozen);
      },
    });
    expect(visits).toHaveLength(6);
    for (const [i, visit] of visits.entries()) {
      const wasFrozen = i > 1 && visits[i - 1]?.server !== visit.server;
      expect([visit.warmup, visit.anew], `${i}`).toEqual(
        i < 2 ? [3, undefined] : wasFrozen ? [3, true] : [1, undefined],
      );
    }
    expect(visits.filter((v) => v.anew)).not.toEqual([]);
  });

  it("fails a cell whose server cannot have its turn, with the reason, and goes on with the others", async () => {
    const cells = [cell("edge", "image-1"), cell("cloud", "image-1")];
    const w = world({ requests: 10, blockRequests: 10 }, cells);
    const ends = await runMatrix({
      ...w.inputs,
      takeTurn: (c) => (c.server === "edge" ? Promise.reject(new Error("no freezer")) : Promise.resolve(false)),
    });
    expect([...ends.values()].sort()).toEqual(["failed", "requests"]);
    expect(w.records.find((r) => r.type === "failure")).toMatchObject({
      error: { code: "UNAVAILABLE", message: "no freezer" },
    });
  });

  it("asks what became of a server since its last answer: a pause between two visits is told of, too", async () => {
    const w = world({ requests: 20, blockRequests: 10 }, [cell("edge", "image-1")]);
    let visits = 0;
    const link: WorkerLink = {
      ...w.link,
      visit: (m, onOutcome) =>
        ++visits === 1
          ? w.link.visit(m, onOutcome)
          : Promise.resolve({ error: { code: "DEADLINE_EXCEEDED", message: "no answer", opening: false } }),
    };
    const asked: number[] = [];
    await runMatrix({
      ...{ ...w.inputs, link: () => Promise.resolve(link), now: () => w.inputs.now() + visits * 60_000 },
      explain: (_, sinceMs) => Promise.resolve(void asked.push(sinceMs)),
    });
    expect(asked).toEqual([60_000]);
  });

  it("makes the calls of a visit whose link went away meanwhile void: no statistic has them, and a resumed run makes them again", async () => {
    const cells = [cell("edge", "image-1"), cell("cloud", "image-1")];
    const w = world({ requests: 20, blockRequests: 10 }, cells);
    let visits = 0;
    const lostLink = (c: Cell) => (c.server === "edge" && ++visits === 2 ? "link far went away" : undefined);
    const ends = await runMatrix({ ...w.inputs, lostLink });
    expect([...ends.values()].sort()).toEqual(["failed", "requests"]);
    expect(w.records.filter((r) => r.type === "failure")).toMatchObject([
      { round: 1, error: { code: "UNAVAILABLE", message: "link far went away", void: true } },
    ]);
    const data = await gatherCells(w.records);
    expect(cells.map(({ id }) => data.get(id)?.totalsMs.length)).toEqual([10, 20]);
    expect(data.get(cells[0]?.id ?? "")).toMatchObject({ failure: { message: "link far went away" } });
  });

  it("says of each visit at a rate by how many calls the server fell behind, and of no other", async () => {
    const client: ClientWatch = {
      ...{ spanMs: 100, loopMeanMs: 0, loopP99Ms: 0, loopMaxMs: 0, loopBusy: 0, ownWorkMs: 0 },
      ...{ gcPauses: 0, gcMs: 0, gcMaxMs: 0 },
    };
    const plain = cell("edge", "image-1");
    const load = { mode: "constant-rate", ratePerSecond: 10, concurrency: 1 };
    const rated = cell("edge", "image-2", "client", { load });
    let late = 0;
    const w = world({ requests: 10, blockRequests: 10, warmupRequests: 0 }, [plain, rated], {
      client,
      callMs: () => (late += 50),
    });
    await runMatrix(w.inputs);
    const visits = w.records.flatMap((r) => (r.type === "visit" ? [[r.cell, r.backlogCalls]] : []));
    // Each call 50 ms later than the one before: half of the distance between two, over the 7 from the first third to the last.
    expect(visits).toContainEqual([rated.id, 3.5]);
    expect(visits).toContainEqual([plain.id, undefined]);
  });

  it("draws random times from the run's seed, the cell and the round: others each time, and the same when a round is made again", async () => {
    const load = { mode: "poisson", ratePerSecond: 10, concurrency: 2 };
    const cells = [cell("edge", "image-1", "client", { load }), cell("edge", "image-2", "client", { load })];
    const seeds = async (more: Partial<RunInputs>) => {
      const w = world({ requests: 20, blockRequests: 10 }, cells);
      const found = new Map<string, number | undefined>();
      const visit: WorkerLink["visit"] = (m, onOutcome) => {
        found.set(`${m.image} ${found.size}`, m.seed);
        return w.link.visit(m, onOutcome);
      };
      await runMatrix({ ...w.inputs, link: () => Promise.resolve({ ...w.link, visit }), ...more });
      return [...found.values()].sort();
    };
    const all = await seeds({});
    expect(new Set(all).size).toBe(4);
    expect(all).not.toContain(undefined);
    expect(await seeds({})).toEqual(all);
    expect(await seeds({ seed: 2 })).not.toEqual(all);
    // A session that was killed after the first round goes on with the second.
    const already = new Map(cells.map((c) => [c.id, [Array<number>(10).fill(10)]]));
    const resumed = await seeds({ firstRound: 1, already });
    expect(resumed).toHaveLength(2);
    expect(all).toEqual(expect.arrayContaining(resumed));
  });

  it("makes a trace's calls as its file has them, whole, whatever a block is", async () => {
    const load = { mode: "trace", file: "t.txt", sha256: "f", calls: 25, ms: 9000, concurrency: 2 };
    const w = world({ requests: 50, blockRequests: 10 }, [cell("edge", "image-1", "client", { load })]);
    const sent: Pick<VisitMessage, "calls" | "blockMs" | "times">[] = [];
    const visit: WorkerLink["visit"] = (m, onOutcome) => {
      sent.push(m);
      return w.link.visit(m, onOutcome);
    };
    await runMatrix({ ...w.inputs, link: () => Promise.resolve({ ...w.link, visit }), times: () => [0, 9000] });
    expect(sent).toHaveLength(2);
    for (const m of sent) expect(m).toMatchObject({ calls: 25, blockMs: 9000, times: [0, 9000] });
  });

  it("gives every cell its calls, in blocks, round after round", async () => {
    const cells = [cell("edge", "image-1"), cell("edge", "image-2")];
    const w = world({ requests: 25, blockRequests: 10 }, cells);
    const ends = await runMatrix(w.inputs);
    expect([...ends.values()]).toEqual(["requests", "requests"]);
    expect(cells.map((c) => w.measured(c.id))).toEqual([25, 25]);
    expect(w.visits.map((v) => v.calls)).toEqual([10, 10, 10, 10, 5, 5]);
    expect(new Set(w.visits.slice(0, 2).map((v) => v.image)).size).toBe(2);
  });

  it("keeps warm-up calls out of what is measured", async () => {
    const w = world({ requests: 5, warmupRequests: 3 }, [cell("edge", "image-1")]);
    await runMatrix(w.inputs);
    expect(w.records.filter((r) => r.type === "call" && r.phase === "warmup")).toHaveLength(3);
    expect(w.measured(w.inputs.cells[0]?.id ?? "")).toBe(5);
  });

  it("ends a failing cell with its reason and goes on with the others", async () => {
    const cells = [cell("edge", "image-1"), cell("edge", "image-2")];
    const w = world({ requests: 5 }, cells, { fails: (image) => image === "image-1" });
    const ends = await runMatrix(w.inputs);
    expect(ends.get(cells[0]?.id ?? "")).toBe("failed");
    expect(ends.get(cells[1]?.id ?? "")).toBe("requests");
    expect(w.records.find((r) => r.type === "failure")).toMatchObject({
      cell: cells[0]?.id,
      error: { code: "NOT_FOUND", message: "Servable not found" },
    });
  });

  it("tries an unreachable client machine once, not once for each of its cells", async () => {
    const cells = [cell("edge", "image-1", "edge"), cell("edge", "image-2", "edge"), cell("cloud", "image-1")];
    const w = world({ requests: 5 }, cells);
    const real = w.inputs.link.bind(w.inputs);
    let tries = 0;
    const link = (machine: string) => {
      if (machine !== "edge") return real(machine);
      tries += 1;
      return Promise.reject(new Error("ssh: no route to host"));
    };
    const ends = await runMatrix({ ...w.inputs, link });
    expect([...ends.values()].sort()).toEqual(["failed", "failed", "requests"]);
    expect(tries).toBe(1);
    const failures = w.records.filter((r) => r.type === "failure");
    expect(failures).toHaveLength(2);
    expect(failures[0]).toMatchObject({
      error: { message: 'client machine "edge": ssh: no route to host', client: true },
    });
  });

  it("visits every cell once even where the time is up, and no cell twice after that", async () => {
    const cells = [1, 2, 3, 4].map((i) => cell("edge", `image-${i}`));
    const w = world({ requests: 30, blockRequests: 1, budgetMs: 1500 }, cells, { callMs: 1000 });
    const ends = await runMatrix(w.inputs);
    expect(cells.map((c) => w.measured(c.id))).toEqual([1, 1, 1, 1]);
    expect([...ends.values()]).toEqual(["budget", "budget", "budget", "budget"]);
  });

  it("gives what the budget leaves after the first round to the model that takes least", async () => {
    const own = [1, 2].flatMap((i) =>
      ["slow", "quick"].map((model) => cell("edge", `image-${i}`, "client", { model })),
    );
    const w = world({ requests: 30, blockRequests: 5, warmupRequests: 0, budgetMs: 3000 }, own);
    const visit = w.link.visit.bind(w.link);
    let model = "";
    w.link.visit = (m, onOutcome) => ((model = m.model), visit(m, onOutcome));
    w.setCallMs(() => (model === "slow" ? 200 : 10));
    const ends = await runMatrix(w.inputs);
    expect(own.map((c) => [c.model, w.measured(c.id), ends.get(c.id)])).toEqual([
      ["slow", 5, "budget"],
      ["quick", 30, "requests"],
      ["slow", 5, "budget"],
      ["quick", 30, "requests"],
    ]);
  });

  it("gives a resumed run only the calls that are missing", async () => {
    const cells = [cell("edge", "image-1"), cell("edge", "image-2")];
    const w = world({ requests: 10 }, cells);
    const already = new Map([
      [cells[0]?.id ?? "", [Array.from({ length: 10 }, () => 10)]],
      [cells[1]?.id ?? "", [[10, 10, 10, 10]]],
    ]);
    await runMatrix({ ...w.inputs, already, firstRound: 1 });
    expect(cells.map((c) => w.measured(c.id))).toEqual([0, 6]);
  });

  const endsOf = (records: readonly JournalRecord[]) => records.filter((r) => r.type === "end");

  it("ends a cell whose median is known as precisely as was asked for, and one that is not at its number of calls", async () => {
    const [calm, noisy] = [cell("edge", "image-1"), cell("edge", "image-2")];
    let i = 0;
    const steady = world({ requests: 200, precision: 0.02 }, [calm], { callMs: () => 100 + (i++ % 3) });
    expect([...(await runMatrix(steady.inputs)).values()]).toEqual(["precision"]);
    expect(endsOf(steady.records)).toMatchObject([{ reason: "precision", n: 30, stable: true }]);
    const restless = world({ requests: 60, precision: 0.02 }, [noisy], { callMs: () => 100 + 40 * (i++ % 5) });
    expect([...(await runMatrix(restless.inputs)).values()]).toEqual(["requests"]);
    expect(endsOf(restless.records)).toMatchObject([{ reason: "requests", n: 60 }]);
    expect(endsOf(restless.records)[0]?.precision).toBeGreaterThan(0.02);
  });

  it("goes on where a cell still drifts, however narrow the interval of its median", async () => {
    let i = 0;
    // Windows of 100, 100 and 130 ms: the median's interval is a point, and the last window lies off.
    const w = world({ requests: 200, precision: 0.35 }, [cell("edge", "image-1")], {
      callMs: () => (i++ < 23 ? 100 : 130),
    });
    await runMatrix(w.inputs);
    expect(endsOf(w.records)).toMatchObject([{ reason: "precision", stable: true }]);
    expect(endsOf(w.records)[0]?.n).toBeGreaterThan(30);
  });

  it("goes by a cell's own limits where it has some", async () => {
    const own = { ...cell("edge", "image-1"), limits: { requests: 4, blockRequests: 2 } };
    const w = world({ requests: 10 }, [own, cell("edge", "image-2")]);
    await runMatrix(w.inputs);
    expect(w.inputs.cells.map((c) => w.measured(c.id))).toEqual([4, 10]);
    expect(w.visits.filter((v) => v.image === "image-1").map((v) => v.calls)).toEqual([2, 2]);
  });

  it("records what the client itself did to a visit", async () => {
    const client = {
      ...{ spanMs: 100, loopMeanMs: 0, loopP99Ms: 0, loopMaxMs: 0, loopBusy: 0, ownWorkMs: 0 },
      ...{ gcPauses: 1, gcMs: 30, gcMaxMs: 30 },
    };
    const w = world({ requests: 5 }, [cell("edge", "image-1")], { client });
    await runMatrix(w.inputs);
    expect(w.records.filter((r) => r.type === "visit")).toMatchObject([
      { client, disturbed: ["garbage collection took 30 % of the time"], warmup: { calls: 3 } },
    ]);
  });

  it("ends with what the recorder threw, once the visit under way is over", async () => {
    const w = world({ requests: 50 }, [cell("edge", "image-1")]);
    const record = () => {
      throw new Error("no space left");
    };
    await expect(runMatrix({ ...w.inputs, record })).rejects.toThrow("no space left");
    expect(w.visits).toHaveLength(1);
  });

  it("records an end once, also where an earlier session was killed before it could", async () => {
    const only = cell("edge", "image-1");
    const already = new Map([[only.id, [Array.from({ length: 10 }, () => 10)]]]);
    const killed = world({ requests: 10 }, [only]);
    await runMatrix({ ...killed.inputs, already });
    expect(endsOf(killed.records)).toMatchObject([{ reason: "requests", n: 10 }]);
    const whole = world({ requests: 10 }, [only]);
    await runMatrix({ ...whole.inputs, already, ended: new Set([only.id]) });
    expect(whole.records).toEqual([]);
  });
});
