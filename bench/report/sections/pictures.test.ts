import { describe, expect, it } from "vitest";
import type { CellConditions } from "../../stats/conditions.ts";
import { cellId } from "../../matrix/axes.ts";
import type { Cell } from "../../matrix/cell.ts";
import { random } from "../../stats/math/random.ts";
import type { Study } from "../../stats/study.ts";
import { manifestOf, studyOf } from "../../testing/studies.ts";
import { findingOf } from "../finding.ts";
import { reportInputs } from "../index.ts";
import { renderPage } from "../render/page.ts";
import { renderText } from "../render/text.ts";
import type { ReportInputs, Section } from "../section.ts";
import { driftSection } from "./drift.ts";
import { latencySection } from "./latency.ts";
import { loadSection } from "./load.ts";
import { payloadSection } from "./payload.ts";
import { speedsSection } from "./speeds.ts";

const manifest = manifestOf({
  placements: [
    ["client", "client"],
    ["client", "edge"],
    ["edge", "edge"],
  ],
  images: ["image-1", "image-2", "image-3", "image-4"].map((name, i) => ({ name, fileBytes: 100 * (i + 1) })),
});

const msOf = (c: Cell) =>
  (c.model === "null" ? 2 : c.model === "ssd-mobilenet" ? 50 : 900) * (c.client === "rest" ? 1.5 : 1);

/** A run in which every call takes its cell's time, with noise, times what `factor` says. */
function inputsOf(factor: (c: Cell, round: number, call: number) => number = () => 1, rounds = 4): ReportInputs {
  const stream = random(5);
  const study = studyOf(manifest, rounds, (c, round) =>
    Array.from({ length: 8 }, (_, call) => ({
      totalMs: msOf(c) * factor(c, round, call) * Math.exp(0.02 * stream.normal()),
    })),
  );
  return reportInputs(manifest, { study });
}

/** The same with the time of each visit: a minute from round to round. */
function timed(inputs: ReportInputs): ReportInputs {
  const study = inputs.study as Study;
  const data = new Map(
    [...study.data].map(([id, d]) => [
      id,
      { ...d, visits: d.visits.map((v) => ({ ...v, at: 60_000 * v.round, spanMs: 400 })) },
    ]),
  );
  return reportInputs(manifest, { study: { ...study, data } });
}

async function shown(section: Section, inputs: ReportInputs): Promise<{ text: string; page: string }> {
  const rendered = [{ id: section.id, title: section.title, short: "", blocks: await section.blocks(inputs) }];
  return { text: renderText(rendered), page: renderPage({ title: "t", eyebrow: "e" }, rendered) };
}

describe("latency by place, protocol and model", () => {
  it("has a row for each, a model's together, with the quantiles that the calls carry, each below its title", async () => {
    const { text } = await shown(latencySection, inputsOf());
    const [, head = "", , ...rows] = text.split("\n");
    expect(head).toMatch(/^model +from → to +protocol +p50, ms +p95, ms +max, ms +calls +visits$/);
    expect(rows.filter((row) => row.startsWith("ssd-mobilenet"))).toHaveLength(6);
    expect(rows.find((row) => /^ssd-mobilenet +edge → edge +REST/.test(row))).toMatch(
      /REST +7\d\.\d +7\d\.\d +\d+\.\d +128 +16$/,
    );
    // 48 calls carry no p95, and none carries p99: where no row has one there is no column.
    expect((await shown(latencySection, inputsOf(undefined, 1))).text).not.toMatch(/p95, ms|p99, ms/);
  });
});

describe("more than one speed", () => {
  const twoSpeeds = (machine: string) => (c: Cell, _: number, call: number) =>
    c.serverMachine === machine && c.model === "ssd-mobilenet" && call % 5 < 2 ? 0.6 : 1;

  it("is found where calls have two, with the speeds, whether a visit has both, and the quota as the likely cause", async () => {
    const plain = inputsOf(twoSpeeds("edge"));
    const machines = manifest.machines.map((m) =>
      m.id === "edge" ? { ...m, facts: { ...m.facts, cpu: { ...m.facts.cpu, quotaCpus: 0.7 } } } : m,
    );
    const inputs = reportInputs({ ...manifest, machines }, { study: plain.study as Study });
    const { text, page } = await shown(speedsSection, inputs);
    expect(text).toMatch(
      /edge → edge, gRPC, ssd-mobilenet: calls have 2 speeds, (29|30|31)\.\d ms \(\d\d %\) and (49|50|51)\.\d ms \(\d\d %\); one visit has calls of both/,
    );
    expect(text).toContain("Likely cause, though this run did not record it: edge's quota of 0.7 CPU");
    expect(text).not.toContain("client → client, gRPC");
    expect(page).toMatch(/<svg role="img" aria-label="client → edge, gRPC, ssd-mobilenet/);
  });

  it("has one cause for all places that share it, with its number over all of them, and shares that come to 100", () => {
    const inputs = inputsOf((c, round, call) => (c.client === "probe" ? twoSpeeds("edge")(c, round, call) : 1));
    const conditions = new Map(
      manifest.cells.map(({ id, local }) => [
        id,
        { throttledShare: local ? 0.2 : 0.4, stealShare: 0 } as CellConditions,
      ]),
    );
    const found = findingOf({ ...inputs, conditions }).notable;
    expect(found).toHaveLength(1);
    expect(found[0]?.whole).toContain("; the same at 1 other place.");
    expect(found[0]?.short).toMatch(/edge, gRPC, ssd-mobilenet: 2 speeds, (29|30|31)\.\d and (49|50|51)\.\d ms$/);
    expect(found[0]?.cause).toContain("was used up in 30 % of its periods");
    const shares = [...(found[0]?.whole.matchAll(/\((\d+) %\)/g) ?? [])].map(([, share]) => Number(share));
    expect(shares[0]).toBe(100 - (shares[1] ?? NaN));
  });

  it("is said of throttling only where a run recorded it, and of a cause that is not known as such", async () => {
    const inputs = inputsOf(twoSpeeds("edge"));
    expect((await shown(speedsSection, inputs)).text).toContain("No cause was recorded.");
    const throttled = (throttledShare: number) =>
      new Map(manifest.cells.map(({ id }) => [id, { throttledShare, stealShare: 0 } as CellConditions]));
    const told = async (share: number) =>
      (await shown(speedsSection, { ...inputs, conditions: throttled(share) })).text;
    expect(await told(0.25)).toContain("Likely cause: a CPU quota was used up in 25 % of its periods");
    expect(await told(0.01)).toContain("The cause is not known: a CPU quota was hardly ever used up.");
  });

  it("is said of calls that wait for each other, if the slow ones do and the fast ones do not", async () => {
    const plain = inputsOf(twoSpeeds("edge"));
    const told = async (dueMs: (call: number) => number) => {
      const calls = { dueMs: Float64Array.from({ length: 8 }, (_, call) => dueMs(call)) };
      const more = { ...calls, lagMs: new Float64Array(8), query: new Int32Array(8).fill(-1) };
      const data = new Map(
        [...(plain.study as Study).data].map(([id, d]) => [
          id,
          { ...d, visits: d.visits.map((v) => ({ ...v, calls: more })) },
        ]),
      );
      return (await shown(speedsSection, reportInputs(manifest, { study: { ...(plain.study as Study), data } }))).text;
    };
    expect(await told((call) => (call % 5 < 2 ? 10_000 * (call + 1) : call))).toMatch(
      /Likely cause: 100 % of the slow calls overlapped another, 0 % of the fast ones\./,
    );
    expect(await told((call) => call)).toContain("No cause was recorded.");
    expect(await told((call) => 10_000 * call)).toContain("No cause was recorded.");
  });

  it("is said of a hypervisor", async () => {
    const inputs = inputsOf(twoSpeeds("edge"));
    const stolen = async (stealShare: number) => {
      const own = { throttledShare: null, stealShare } as CellConditions;
      const conditions = new Map(manifest.cells.map(({ id }) => [id, own]));
      return (await shown(speedsSection, { ...inputs, conditions })).text;
    };
    expect(await stolen(0.1)).toContain("a hypervisor gave 10 % of the machine's time to other guests");
    expect(await stolen(0.01)).toContain("No cause was recorded.");
  });

  it("is not found where calls have one speed, whatever images do", async () => {
    const images = (c: Cell) => 1 + 0.5 * Number(c.image.slice(-1));
    expect(await speedsSection.blocks(inputsOf((c) => images(c)))).toEqual([]);
    expect(await speedsSection.blocks(reportInputs(manifest, {}))).toEqual([]);
  });
});

describe("latency over the run", () => {
  it("says of each machine how long calls take at the end beside the beginning", async () => {
    const slower = inputsOf((c, round) => (c.serverMachine === "edge" ? 1 + 0.1 * round : 1), 9);
    const { text, page } = await shown(driftSection, timed(slower));
    expect(text).toMatch(/client (1\.0\d\d|0\.9[89]\d), edge 1\.5\d\d/);
    expect(page.match(/aria-label="calls to /g)).toHaveLength(2);
  });

  it("says nothing of runs whose visits have no time, or are few", async () => {
    expect(await driftSection.blocks(inputsOf())).toEqual([]);
    expect(await driftSection.blocks(timed(inputsOf(undefined, 1)))).toEqual([]);
  });
});

describe("latency against payload", () => {
  const weighed = (
    inputs: ReportInputs,
    bytes: (image: number, rest: boolean) => number,
    msPerMb: number,
  ): ReportInputs => {
    const summaries = new Map(
      [...inputs.summaries].map(([id, s]) => {
        const requestBytes = bytes(Number(id.slice(-1)), / rest /.test(id));
        return [id, { ...s, requestBytes, medianMs: 2 + (msPerMb * requestBytes) / 1e6 }];
      }),
    );
    return { ...inputs, summaries };
  };

  it("says what a further megabyte takes over each protocol", async () => {
    const { text, page } = await shown(
      payloadSection,
      weighed(inputsOf(), (image, rest) => image * (rest ? 4e6 : 1e6), 7),
    );
    expect(text).toContain(
      "With the null model, each further megabyte of a request takes about 7.00 ms over gRPC and 7.00 ms over REST",
    );
    // The model of the title, and the null model.
    expect(page.match(/median latency over megabytes a request/g)).toHaveLength(2);
  });

  it("says nothing where all requests weigh the same", async () => {
    expect(await payloadSection.blocks(weighed(inputsOf(), () => 1e6, 1))).toEqual([]);
  });
});

describe("a run under load", () => {
  it("has its rates in a table whose caption says what all rows share, and a curve where several rates were asked for", async () => {
    const one = manifest.cells.filter(
      (c) => c.model === "ssd-mobilenet" && c.client === "probe" && c.serverMachine === "edge" && !c.local,
    );
    const cells = [2, 5].flatMap((rate) =>
      one.map((c): Cell => {
        const cell = { ...c, load: { mode: "constant-rate", ratePerSecond: rate, concurrency: 1 } };
        return { ...cell, id: cellId(cell) };
      }),
    );
    const own = { ...manifest, cells };
    const inputs = reportInputs(own, {
      study: studyOf(own, 3, () => Array.from({ length: 10 }, (_, i) => ({ totalMs: 50 + i }))),
    });
    const { text, page } = await shown(loadSection, inputs);
    expect(text).toMatch(/client → edge, gRPC, ssd-mobilenet\nload +p50, ms +p95, ms +max, ms +errors +calls +rate\n/);
    expect(text).toMatch(/^2\/s +54\.5 .*kept$/m);
    expect(page).toContain("Latency over throughput");
    expect(await loadSection.blocks(inputsOf())).toEqual([]);
  });
});
