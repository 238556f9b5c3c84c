import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cell } from "../matrix/cell.ts";
import type { BenchRecord } from "../records/records.ts";
import { random } from "../stats/math/random.ts";
import type { Study } from "../stats/study.ts";
import { gatherCells } from "../stats/gather.ts";
import { type SampleOptions, writeSampleRun } from "../testing/report.ts";
import { callRecord, manifestOf, studyOf } from "../testing/studies.ts";
import { cellsCsv } from "./csv.ts";
import { findingOf } from "./finding.ts";
import { frontOf } from "./front/front.ts";
import { renderSections, reportInputs, reportText } from "./index.ts";
import { loadReport } from "./load.ts";
import { renderPage } from "./render/page.ts";
import type { ReportInputs } from "./section.ts";

const manifest = manifestOf({
  placements: [
    ["client", "client"],
    ["client", "cloud"],
    ["client", "edge"],
    ["cloud", "cloud"],
    ["edge", "edge"],
  ],
  images: ["image-1", "image-2", "image-3"].map((name, i) => ({ name, fileBytes: 100 * (i + 1) })),
});

/** A run in which machines and models take so long, REST so many times as long, with 2 % of noise. */
function run(
  of: {
    speed?: Readonly<Record<string, number>>;
    rest?: (model: string) => number;
    rounds?: number;
    noise?: number;
  } = {},
): ReportInputs {
  const { speed = { cloud: 1, client: 1.5, edge: 2 }, rest = () => 1.4, rounds = 4, noise = 0.02 } = of;
  const stream = random(7);
  const study = studyOf(manifest, rounds, (c) => {
    const model = c.model === "null" ? 2 : c.model === "ssd-mobilenet" ? 40 : 900;
    const ms = model * (speed[c.serverMachine] ?? 1) * (c.client === "rest" ? rest(c.model) : 1);
    return Array.from({ length: 5 }, () => ({ totalMs: ms * Math.exp(noise * stream.normal()), encodeMs: 0.1 }));
  });
  return reportInputs(manifest, { study });
}

const answerTo = (inputs: ReportInputs, question: string) =>
  findingOf(inputs).answers.find((a) => a.question === question);

describe("what a run found", () => {
  it("has for its title the fastest place and protocol of a trained model, with its milliseconds", () => {
    const finding = findingOf(run());
    expect(finding.title).toMatch(/^cloud \+ gRPC is fastest: (39|40)\.\d ms for ssd-mobilenet$/);
    expect(finding.confidence).toBe("high");
    expect(finding.next).toBeUndefined();
  });

  it("names in the title those between which it is open, with the range of their milliseconds, and what would settle it", () => {
    const inputs = run({ speed: { cloud: 1, client: 1.01, edge: 2 } });
    const { title, confidence, perModel, next } = findingOf(inputs);
    expect(title).toMatch(
      /^No clear winner for ssd-mobilenet: (cloud or client|client or cloud) \+ gRPC, [\d.]+( to [\d.]+)? ms$/,
    );
    expect(confidence).toBe("inconclusive");
    const ssd = perModel.find((m) => m.model === "ssd-mobilenet");
    expect(ssd?.rows.filter((r) => r.maybeBest)).toHaveLength(2);
    expect(ssd?.rows.filter((r) => r.best)).toHaveLength(1);
    if (ssd?.settle !== undefined) {
      expect(ssd.settle).toMatch(/^npx lathe bench --models ssd-mobilenet --requests \d+$/);
      expect(next).toBe(ssd.settle);
    }
  });

  it("has a title that a person would say: many that are open, one machine, one protocol, one place", () => {
    const many = findingOf(run({ speed: { cloud: 1, client: 1, edge: 1 }, rest: () => 1, noise: 0.05 }));
    expect(many.confidence).toBe("inconclusive");
    expect(many.title).toMatch(
      /^No clear winner for ssd-mobilenet: (cloud|client|edge) \+ (gRPC|REST) or [345] others, [\d.]+ to [\d.]+ ms$/,
    );
    const titleOf = (placements: readonly (readonly [string, string])[], clients = ["probe", "rest"]) => {
      const images = [{ name: "image-1", fileBytes: 1 }];
      const own = manifestOf({ placements, clients, images, models: ["ssd-mobilenet", "null"] });
      const study = studyOf(own, 4, (c) =>
        Array.from({ length: 5 }, (_, i) => ({
          totalMs: (c.client === "rest" ? 60 : 40) * (c.serverMachine === "edge" ? 2 : 1) * (1 + i / 500),
        })),
      );
      return findingOf(reportInputs(own, { study })).title;
    };
    expect(titleOf([["client", "cloud"]])).toBe("cloud + gRPC is fastest: 40.2 ms for ssd-mobilenet");
    expect(titleOf([["cloud", "cloud"]])).toBe("cloud + gRPC is fastest: 40.2 ms for ssd-mobilenet");
    const both = ["cloud", "edge"].map((server) => ["client", server] as const);
    expect(titleOf(both, ["probe"])).toBe("cloud + gRPC is fastest: 40.2 ms for ssd-mobilenet");
    expect(titleOf([["client", "cloud"]], ["probe"])).toBe("ssd-mobilenet over gRPC takes 40.2 ms (client → cloud)");
  });

  it("knows every place and protocol of every model, the null model last and without a best", () => {
    const { perModel } = findingOf(run());
    expect(perModel.map((m) => [m.model, m.isNull, m.rows.length])).toEqual([
      ["rfcn-resnet101", false, 10],
      ["ssd-mobilenet", false, 10],
      ["null", true, 10],
    ]);
    expect(perModel[2]?.rows.some((r) => r.best || r.compared)).toBe(false);
    const ssd = perModel[1];
    expect(ssd?.rows.filter((r) => r.compared).map((r) => r.place)).toEqual(
      ["client", "client", "cloud", "cloud", "edge", "edge"].map((m) => `client → ${m}`),
    );
    expect(ssd?.rows.find((r) => r.best)).toMatchObject({ place: "client → cloud", protocol: "gRPC", maybeBest: true });
    expect(ssd?.rows.find((r) => r.place === "edge → edge" && r.protocol === "REST")?.medianMs).toBeCloseTo(112, -1);
  });

  it("gives each model its own answer where the models differ, and one answer where they agree", () => {
    const differing = run({ rest: (model) => (model === "ssd-mobilenet" ? 1.5 : 0.9) });
    expect(answerTo(differing, "Protocol")).toBeUndefined();
    expect(answerTo(differing, "Protocol for ssd-mobilenet")).toMatchObject({ answer: "gRPC", confidence: "high" });
    expect(answerTo(differing, "Protocol for rfcn-resnet101")).toMatchObject({ answer: "REST", confidence: "high" });
    const agreeing = run();
    expect(answerTo(agreeing, "Protocol")).toMatchObject({ answer: "gRPC", confidence: "high" });
    expect(answerTo(agreeing, "Machine")).toMatchObject({ answer: "cloud", confidence: "high" });
    expect(answerTo(agreeing, "Protocol for ssd-mobilenet")).toBeUndefined();
  });

  it("never answers for a mean of models what the models by themselves deny, whatever they are like", () => {
    for (const [ssd, rfcn] of [
      [1.5, 0.9],
      [0.8, 1.3],
      [1.02, 0.7],
      [1.3, 1.3],
      [1, 1],
    ] as const) {
      const inputs = run({ rest: (model) => (model === "ssd-mobilenet" ? ssd : rfcn) });
      const { answers, perModel } = findingOf(inputs);
      const whole = answers.find((a) => a.question === "Protocol");
      for (const m of perModel.filter((x) => x.confidence === "high"))
        if (whole?.confidence === "high") expect(m.fastest).toContain(whole.answer);
    }
  });

  it("calls nothing certain where every cell was visited once, and asks for more visits", () => {
    const { confidence, answers, perModel } = findingOf(run({ rounds: 1 }));
    expect(confidence).toBe("inconclusive");
    expect(answers.every((a) => a.confidence === "inconclusive")).toBe(true);
    expect(perModel[1]?.settle).toBe("npx lathe bench --models ssd-mobilenet --requests 400");
    // Of all models that compute, none needs a name.
    expect(answers.find((a) => a.question === "Machine")?.settle).toBe("npx lathe bench --requests 400");
  });

  it("asks for a run with the file and the time of this one, and for none where no sensible run would part two that are as good as equal", () => {
    const { study } = run({ rounds: 1 });
    const own = {
      ...manifest,
      limits: { ...manifest.limits, budgetMs: 8 * 60_000 },
      matrix: { file: "my own.yaml", experiments: [], notes: [] },
    };
    const asked = findingOf(reportInputs(own, { study: { ...(study as Study), manifest: own } }));
    expect(asked.perModel[1]?.settle).toBe(
      "npx lathe bench --matrix 'my own.yaml' --models ssd-mobilenet --requests 400 --budget 32",
    );
    const equal = run({ speed: { cloud: 1, client: 1, edge: 1 }, noise: 0.05, rest: () => 1.4 });
    const machine = answerTo(equal, "Machine");
    expect(machine?.confidence).toBe("inconclusive");
    if (machine?.settle === undefined)
      expect(machine?.limit).toContain("too close for a longer run to tell them apart");
  });

  it("says why in numbers that were recorded: bytes, the client's work, processors", () => {
    const inputs = run();
    const summaries = new Map(
      [...inputs.summaries].map(([id, s]) => {
        const rest = / rest /.test(id);
        return [
          id,
          {
            ...s,
            requestBytes: rest ? 3_600_000 : 900_000,
            phaseMeansMs: { ...s.phaseMeansMs, encodeMs: rest ? 6 : 0.1, decodeMs: 0.2 },
          },
        ];
      }),
    );
    const machines = manifest.machines.map((m) =>
      m.id === "edge" ? { ...m, facts: { ...m.facts, cpu: { ...m.facts.cpu, quotaCpus: 0.7 } } } : m,
    );
    const told = { ...inputs, summaries, manifest: { ...manifest, machines } };
    expect(answerTo(told, "Protocol")?.why).toMatch(
      /^REST sends 3\.60 MB a call, gRPC 0\.90 MB; the client's encoding and decoding take 6\.20 ms against 0\.30 ms/,
    );
    expect(answerTo(told, "Machine")?.why).toContain("0.7 CPU by quota on edge");
    expect(findingOf(told).why.length).toBeLessThanOrEqual(3);
    // The one that sends more is the faster: bytes are no reason.
    const reversed = run({ rest: () => 0.7 });
    const more = {
      ...reversed,
      summaries: new Map(
        [...reversed.summaries].map(([id, s]) => [id, { ...s, requestBytes: / rest /.test(id) ? 9e6 : 1e6 }]),
      ),
    };
    expect(answerTo(more, "Protocol")?.why).toContain("payload does not explain the difference");
  });

  it("does not take the calls of one machine for those of another whose name goes on", () => {
    const own = manifestOf({
      placements: [
        ["client", "edge"],
        ["client", "edge2"],
      ],
      models: ["ssd-mobilenet"],
      images: [{ name: "image-1", fileBytes: 100 }],
    });
    const ms = (c: Cell) => (c.serverMachine === "edge2" ? 20 : 90);
    const study = studyOf(own, 4, (c) => Array.from({ length: 5 }, (_, i) => ({ totalMs: ms(c) * (1 + 0.01 * i) })));
    const inputs = reportInputs(own, { study });
    const summaries = new Map(
      own.cells.flatMap((c) => {
        const s = inputs.summaries.get(c.id);
        return s === undefined ? [] : [[c.id, { ...s, phaseMeansMs: { ...s.phaseMeansMs, waitMs: ms(c) / 2 } }]];
      }),
    );
    const { title, why } = findingOf({ ...inputs, summaries });
    expect(title).toBe("No clear winner for ssd-mobilenet: edge2 + gRPC or REST, 20.4 ms");
    expect(why[0]).toMatch(/^A call to ssd-mobilenet on edge2 \+ gRPC waits 49\s% of its time .*\(10\.0 ms\)/);
  });

  it("names the processors of each of several servers on one machine", () => {
    const base = manifestOf({
      placements: ["big", "small", "cloud"].map((server) => ["client", server] as const),
      models: ["ssd-mobilenet"],
      images: [{ name: "image-1", fileBytes: 100 }],
    });
    const place = (id: string) => (id === "cloud" ? "cloud" : "edge");
    const cores: Readonly<Record<string, number>> = { big: 6, small: 2, cloud: 4 };
    const own = {
      ...base,
      machines: base.machines.map((m) => (m.id === "big" ? { ...m, id: "edge" } : m)).filter((m) => m.id !== "small"),
      servers: base.servers.map((s) => ({
        ...{ ...s, machineId: place(s.id) },
        placement: { ...s.placement, physicalCores: cores[s.id] ?? 0 },
      })),
      cells: base.cells.map((c) => ({ ...c, serverMachine: place(c.server) })),
    };
    const study = studyOf(own, 4, (c) =>
      Array.from({ length: 5 }, (_, i) => ({ totalMs: (100 / (cores[c.server] ?? 1)) * (1 + 0.01 * i) })),
    );
    const why = answerTo(reportInputs(own, { study }), "Machine")?.why;
    expect(why).toMatch(/6 cores on edge, big, 4 cores on cloud and 2 cores on edge, small/);
  });

  it("of a run at rates says which rate was kept, how late the slowest answers were, and from which one on the server fell behind", () => {
    const one = manifest.cells.filter(
      (c) => c.model === "ssd-mobilenet" && c.client === "probe" && c.server === "edge" && !c.local,
    );
    const cells = [2, 5, 20].flatMap((rate) =>
      one.map((c): Cell => ({
        ...c,
        id: `${c.id} ${rate}/s`,
        load: { mode: "constant-rate", ratePerSecond: rate, concurrency: 8 },
      })),
    );
    const own = { ...manifest, cells };
    const base = studyOf(own, 4, () => Array.from({ length: 10 }, (_, i) => ({ totalMs: 50 + i })));
    const data = new Map(
      [...base.data].map(([id, d]) => {
        const rate = Number(/(\d+)\/s/.exec(id)?.[1]);
        const visits = d.visits.map((v) => ({ ...v, spanMs: 9000 / rate + v.meanMs }));
        return [id, { ...d, visits }];
      }),
    );
    const conditions = new Map(
      cells.map((c) => [
        c.id,
        {
          cell: c.id,
          end: null,
          visits: 3,
          disturbedVisits: 0,
          disturbances: [],
          flagged: false,
          throttledShare: null,
          stealShare: null,
          behind: c.id.endsWith("20/s"),
        },
      ]),
    );
    const inputs = reportInputs(own, { study: { ...base, data }, conditions });
    const { title, loads } = findingOf(inputs);
    expect(title).toMatch(
      /^ssd-mobilenet over gRPC \(client → edge\) keeps 5 calls\/s at p95 5\d\.\d ms, falls behind at 20$/,
    );
    expect(loads.map((g) => [g.load, g.calls, g.behind])).toEqual([
      ["x8 2/s", 120, false],
      ["x8 5/s", 120, false],
      ["x8 20/s", 120, true],
    ]);
    expect(loads.map((g) => g.achievedPerSecond)).toEqual([2, 5, 20].map((rate) => expect.closeTo(rate, 6) as number));
    expect(loads[0]).toMatchObject({ p95Ms: expect.any(Number) as number, p99Ms: null, errors: 0 });
    expect(frontOf(inputs).body.text).toContain("fell behind");
  });
});

describe("the report of a run's folder", () => {
  let dir: string;
  let inputs: ReportInputs;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "lathe-answer-"));
    inputs = await load("plain", {});
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));
  const load = async (name: string, options: SampleOptions) => {
    await writeSampleRun(join(dir, name), options);
    return loadReport(join(dir, name), () => {});
  };
  const pageOf = async (of: ReportInputs) => renderPage(frontOf(of), await renderSections(of));

  it("is made where the run that it repeats cannot be read any more, and says so", async () => {
    const [own, first] = ["second", "first"].map((name) => join(dir, name)) as [string, string];
    const written = await writeSampleRun(own, {});
    await writeFile(join(own, "run.json"), JSON.stringify({ ...written, repeats: "first" }));
    await mkdir(first);
    await writeFile(join(first, "run.json"), "{");
    const said: string[] = [];
    const { earlier } = await loadReport(own, (text) => said.push(text));
    expect(earlier).toBeUndefined();
    expect(said.join("\n")).toContain("first: this run repeats it, and it cannot be read any more");
  });

  it("answers first, says how sure and why, and what stands in, before any other table", async () => {
    const text = await reportText(inputs);
    const order = [
      "cloud + gRPC is fastest: ",
      "ms for ssd-mobilenet (299 of 300 cells, 4396 calls, 2 to 4 visits each,",
      "ATTENTION: Something failed in 1 of 300 cells",
      "Median latency, ms",
      "Machine: cloud (high confidence). client takes 1.6",
      "Protocol: gRPC (high confidence).",
      "Model: ssd-mobilenet (high confidence).",
      "Note: In 1",
      "Lathe's stand-in",
      "Latency by place, protocol and model",
    ].map((words) => text.indexOf(words));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it("says of a run that was cut short what never was measured, what it cannot answer, and how to go on", async () => {
    const study = inputs.study as Study;
    const data = new Map([...study.data].filter(([id]) => !id.startsWith("client>") || / probe ssd/.test(id)));
    const missing = inputs.manifest.cells.length - data.size;
    const short = reportInputs(inputs.manifest, { study: { ...study, data } });
    const { where, next, answers, caveats } = findingOf(short);
    expect(where.missing).toBe(missing);
    expect(next).toBe("npx lathe bench --resume 2026-11-23T18-00-00Z");
    expect(answers.find((a) => a.question === "Protocol")).toMatchObject({
      answer: "not known",
      confidence: "inconclusive",
    });
    expect(caveats.map((c) => c.short)).toContain(`${missing} of 300 cells not measured`);
    expect(await reportText(short)).toContain(
      `This run is not complete: ${missing} of its 300 cells were never measured.`,
    );
    expect(await reportText(inputs)).not.toContain("not complete");
  });

  it("folds all caveats of the page into one strip, and keeps stand-ins in sight", async () => {
    const sections = await renderSections(inputs);
    const front = frontOf(inputs);
    const page = renderPage({ ...front, caveats: ["a stand-in serves on client"] }, sections);
    expect(page.match(/<details class="strip/g)).toHaveLength(1);
    expect(front.body.text).toMatch(/caveats:<\/b> .*stand-in servers · .*timing only/);
    // In the list of contents, which stays in sight.
    expect(page).toMatch(/<nav [^]*<span aria-hidden="true">!<\/span> a stand-in serves on client<\/p>\s*<\/nav>/);
    expect(new Set(sections.map((s) => s.id)).size).toBe(sections.length);
  });

  it("is made of odd runs too: nothing measured, all failed, the null model alone, one cell, cells under load", async () => {
    const { manifest: whole } = inputs;
    const record = (c: Cell, round = 0) => callRecord(c.id, round, 5);
    const failure = (c: Cell): BenchRecord => ({
      ...{ type: "failure", cell: c.id, round: 0, at: "2026-01-01T00:00:00.000Z" },
      error: { code: "UNAVAILABLE", message: "refused" },
    });
    const loaded = whole.cells.map((c) => ({ ...c, id: `${c.id} x4`, load: { mode: "closed-loop", concurrency: 4 } }));
    const nulls = whole.cells.filter((c) => c.model === "null");
    const odd: readonly (readonly [readonly Cell[], readonly BenchRecord[], string])[] = [
      [whole.cells, [], "Nothing was measured"],
      [whole.cells, whole.cells.map(failure), "Nothing was measured: all 300 cells failed with UNAVAILABLE"],
      [nulls, nulls.flatMap((c) => [record(c), record(c, 1)]), "null over gRPC takes 5.00 ms (client → client)"],
      [
        whole.cells.slice(0, 1),
        whole.cells.slice(0, 1).map((c) => record(c)),
        "rfcn-resnet101 over gRPC takes 5.00 ms (client → client)",
      ],
      [
        loaded,
        loaded.flatMap((c) => [record(c), record(c, 1)]),
        "rfcn-resnet101 over gRPC (client → client) takes 5.00 ms (p50) under load x4",
      ],
    ];
    for (const [cells, records, title] of odd) {
      const own = { ...whole, cells: [...cells] };
      const study = { ...(inputs.study as Study), manifest: own, data: await gatherCells(records) };
      const report = reportInputs(own, { study });
      expect(findingOf(report).title).toBe(title);
      const page = await pageOf(report);
      expect(page).toContain("Lathe&#39;s stand-in");
      if (/^Nothing/.test(title)) {
        // Why is all that there is to say: no empty tables, and no answers that are not known.
        expect(findingOf(report).answers).toEqual([]);
        expect((await renderSections(report)).map((s) => s.id)).not.toContain("time");
        expect(await renderSections(report)).not.toContainEqual(expect.objectContaining({ id: "paper" }));
        expect(frontOf(report).body.text.includes("300 cells: UNAVAILABLE: refused")).toBe(records.length > 0);
      }
      const read = page.replace(/<script>[^]*<\/script>/, "") + (await reportText(report));
      expect(read).not.toMatch(/NaN|undefined|Infinity/);
      expect(cellsCsv(report).split("\r\n")).toHaveLength(cells.length + 2);
    }
  });
});
