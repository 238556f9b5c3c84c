import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { painted, plainText } from "../../../lib/output.ts";
import { cellId } from "../../matrix/axes.ts";
import type { Cell } from "../../matrix/cell.ts";
import { HOSTILE, type SampleOptions, writeSampleRun } from "../../testing/report.ts";
import { random } from "../../stats/math/random.ts";
import { manifestOf, studyOf } from "../../testing/studies.ts";
import type { ThresholdResult } from "../../thresholds/result.ts";
import { reportInputs } from "../index.ts";
import { loadReport } from "../load.ts";
import { junit } from "../outputs/junit.ts";
import type { ReportInputs } from "../section.ts";
import { COLUMNS, fitted } from "./line.ts";
import { MOST_LINES, summaryLines } from "./summary.ts";

// Reading a run takes seconds where a neighbour is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let dir: string;
let plain: ReportInputs;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-summary-"));
  plain = await load("plain", {});
});
afterAll(() => rm(dir, { recursive: true, force: true }));
const load = async (name: string, options: SampleOptions) => {
  await writeSampleRun(join(dir, name), options);
  return loadReport(join(dir, name), () => {});
};
const linesOf = (inputs: ReportInputs) =>
  plainText(summaryLines(inputs, { page: "runs/x/report.html" }))
    .split("\n")
    .slice(0, -1);

/** What is to be copied may be longer than a terminal. */
const isCopied = (line: string) => /^(Report|Next): /.test(line);

describe("the summary at a run's end", () => {
  it("says once what several caveats have in common", () => {
    const remarks = ["triton", "flask"].map((kind) => `Server stand-in for the server kind ${kind}.`);
    const text = linesOf({ ...plain, manifest: { ...plain.manifest, remarks } }).join("\n");
    expect(text).toMatch(/^Caveats: stand-in servers; (?!stand-in)/m);
  });

  it("says the finding with its milliseconds, how much was measured, medians with the best marked, answers, caveats, where and what next", () => {
    const lines = linesOf(plain);
    expect(lines[0]).toMatch(/^cloud \+ gRPC is fastest: \d.* ms for ssd-mobilenet \(high confidence\)$/);
    expect(lines[1]).toMatch(/^299 of 300 cells, 1 failed; 4396 calls, none failed; 23 min 05 s/);
    const text = lines.join("\n");
    expect(text).toMatch(/^client → cloud +.*\d\*/m);
    expect(text.match(/\d\*/g)).toHaveLength(2);
    expect(text).toMatch(/^Machine: cloud \(high\)/m);
    expect(text).toMatch(/^Failed: client>edge probe rfcn-resnet101 image-4: UNAVAILABLE/m);
    expect(text).toMatch(/^Caveats: stand-in servers; rfcn-resnet101: timing only; 3 more in the report$/m);
    expect(text).toMatch(/^Report: runs\/x\/report\.html$/m);
    // Nothing is open, and a cell failed.
    expect(lines.at(-1)).toBe("Next: npx lathe bench --resume 2026-11-23T18-00-00Z");
  });

  it("fits on a screen of twenty lines and eighty columns, whatever the run is like", async () => {
    const [first] = plain.cells;
    const results = ["broken", "inconclusive", "holds", "broken", "broken"].map((outcome): ThresholdResult => ({
      ...{ experiment: "ci", threshold: "p95 < 80 ms", about: "client → edge, probe, ssd-mobilenet" },
      ...{ outcome: outcome as ThresholdResult["outcome"], measured: 90, unit: "ms", interval: null, calls: 90 },
      why: "12.0 % of 90 calls took 80.0 ms or more, which is a sentence that goes on beyond the line",
    }));
    const places = Array.from({ length: 30 }, (_, i) => ["client", `machine-of-a-rather-long-name-${i}`] as const);
    const wide = manifestOf({ placements: places, images: [{ name: "image-1", fileBytes: 1 }] });
    const many = studyOf(wide, 3, (_, round) => [{ totalMs: 5 + round / 100 }]);
    const runs = [
      plain,
      { ...plain, thresholds: results },
      await load("once", { rounds: 1 }),
      await load("hostile", { hostile: `${HOSTILE} \u001b[31m\n\n` }),
      {
        ...plain,
        cells: first === undefined ? [] : [first],
        manifest: { ...plain.manifest, cells: plain.cells.slice(0, 1) },
      },
      reportInputs(plain.manifest, { summaries: new Map() }),
      reportInputs(wide, { study: many }),
    ];
    for (const inputs of runs) {
      const lines = linesOf(inputs);
      expect(lines.length, lines.join("\n")).toBeLessThanOrEqual(MOST_LINES);
      for (const line of lines.filter((l) => !isCopied(l))) expect([...line].length, line).toBeLessThanOrEqual(COLUMNS);
      // eslint-disable-next-line no-control-regex -- they are what is looked for
      expect(lines.join("")).not.toMatch(/[\u0000-\u001f]/);
    }
  });

  it("cuts a long title before it leaves out how sure that is, and no name of a model that has room", () => {
    const images = [{ name: "image-1", fileBytes: 1 }];
    const placements = ["cloud", "edge"].map((server) => ["client", server] as const);
    const linesFor = (models: readonly string[], slower: number) => {
      const manifest = manifestOf({ placements, images, models, clients: ["probe"] });
      const stream = random(5);
      const study = studyOf(manifest, 4, ({ server }) => [
        { totalMs: 40 * (server === "edge" ? slower : 1) * Math.exp(0.05 * stream.normal()) },
      ]);
      return linesOf(reportInputs(manifest, { study }));
    };
    const long = "faster-rcnn-inception-resnet-v2-atrous-oid";
    expect(linesFor([long], 2)[0]).toMatch(/^cloud \+ gRPC is fastest: .* … \(high confidence\)$/);
    expect(linesFor([long], 1.001)[0]).toMatch(/^No clear winner for faster-rcnn/);
    expect(linesFor(["ssd"], 1.001)[0]).toMatch(/^No clear winner for ssd: .* ms \(inconclusive\)$/);
    expect(linesFor(["ssd-mobilenet", "rfcn-resnet101", "null"], 2).join("\n")).toMatch(
      /^median, ms +ssd-mobilenet +rfcn-resnet101 +null$/m,
    );
  });

  it("gives each answer its interval, what limits it and why, the cause of what was found, and no cause twice", () => {
    const placements = [
      ["client", "cloud"],
      ["client", "edge"],
      ["cloud", "cloud"],
      ["edge", "edge"],
    ] as const;
    const images = ["image-1", "image-2"].map((name) => ({ name, fileBytes: 1 }));
    const base = manifestOf({ placements, images });
    const machines = base.machines.map((m) =>
      m.id === "edge" ? { ...m, facts: { ...m.facts, cpu: { ...m.facts.cpu, quotaCpus: 0.7 } } } : m,
    );
    const manifest = { ...base, machines };
    const stream = random(3);
    const study = studyOf(manifest, 5, (c) => {
      const ms = c.model === "null" ? 2 : c.model === "ssd-mobilenet" ? 40 : 1600;
      const rest = c.client === "rest" && c.model !== "rfcn-resnet101" ? 1.5 : 1;
      return Array.from({ length: 8 }, (_, call) => ({
        totalMs: ms * rest * (c.server === "edge" ? (call % 5 < 2 ? 1.6 : 2.6) : 1) * Math.exp(0.02 * stream.normal()),
      }));
    });
    const lines = linesOf(reportInputs(manifest, { study }));
    const text = lines.join("\n");
    expect(text).toMatch(
      /^Protocol: gRPC \(high\): REST takes [\d.]+ times as long \([\d.]+ to [\d.]+\)\n {2}inconclusive for rfcn-resnet101 alone/m,
    );
    expect(text).toMatch(/^Machine for local calls: cloud \(high\): edge [\d.]+ times as long \([\d.]+ to [\d.]+\)$/m);
    expect(text.match(/ {2}processors:/g) ?? []).toHaveLength(1);
    expect(text).toMatch(/^Found.*: (client|edge) → edge, .*: 2 speeds, [\d.]+ and [\d.]+ ms\n {2}Likely cause/m);
    expect(lines.length).toBeLessThanOrEqual(MOST_LINES);
  });

  it("leads with rates and quantiles where all calls were under load", () => {
    const base = manifestOf({
      placements: [["client", "edge"]],
      models: ["ssd"],
      clients: ["probe"],
      images: [{ name: "image-1", fileBytes: 1 }],
    });
    const cells = base.cells.map((c) => ({ ...c, load: { mode: "constant-rate", ratePerSecond: 5, concurrency: 1 } }));
    const manifest = { ...base, cells };
    const study = studyOf(manifest, 20, () => Array.from({ length: 20 }, (_, i) => ({ totalMs: 40 + i })));
    const text = linesOf(reportInputs(manifest, { study })).join("\n");
    expect(text).toMatch(/calls\/s +p50 ms +p95 ms +p99 ms +errors/);
    expect(text).toMatch(/^client → edge, gRPC, ssd .*\n5\/s .* 49\.5 +58\.0 +59\.0 +0$/m);
  });

  it("says in place of numbers why a load has none, and in its title where none has", () => {
    const base = manifestOf({
      placements: [["client", "edge"]],
      models: ["ssd"],
      clients: ["probe"],
      images: [{ name: "image-1", fileBytes: 1 }],
    });
    const [first] = base.cells as [Cell];
    const at = (ratePerSecond: number) => {
      const cell = { ...first, load: { mode: "constant-rate", ratePerSecond, concurrency: 1 } };
      return { ...cell, id: cellId(cell) };
    };
    const manifest = { ...base, cells: [at(5), at(10)] };
    const invalid = { kind: "invalid", why: "the client let calls wait: 58 ms (p99)" } as const;
    const told = (ids: readonly string[]) => {
      const study = studyOf(manifest, 20, () => Array.from({ length: 20 }, (_, i) => ({ totalMs: 40 + i })));
      const data = new Map(
        [...study.data].map(([id, d]) => [
          id,
          ids.includes(id) ? d : { ...d, totalsMs: new Float64Array(), visits: [] },
        ]),
      );
      const untold = new Map(manifest.cells.flatMap((c) => (ids.includes(c.id) ? [] : [[c.id, invalid] as const])));
      const inputs = reportInputs(manifest, { study: { ...study, data, untold, loaded: new Map() } });
      return { inputs, text: linesOf(inputs).join("\n") };
    };
    const none = told([]);
    expect(none.text).toMatch(/^No valid latencies: the client was no good generator of calls at 2 of 2 loads$/m);
    expect(none.text).toMatch(/^5\/s +– +invalid +0$/m);
    expect(none.text).not.toContain("– ms");
    const junitXml = junit({ dir: "", inputs: none.inputs, sections: [], json: {} });
    expect(junitXml.match(/<skipped type="invalid" message="the client let calls wait: 58 ms \(p99\)"/g)).toHaveLength(
      2,
    );
    const one = told([manifest.cells[0]?.id ?? ""]);
    expect(one.text).toMatch(/^ssd over gRPC \(client → edge\) keeps 5 calls\/s at p95 58\.0 ms$/m);
    expect(one.text).toMatch(/^10\/s +– +invalid +0$/m);
  });

  it("tells thresholds apart by what differs between them, so that no two lines read alike", () => {
    const of = (about: string): ThresholdResult => ({
      ...{ experiment: "ci", threshold: "p95 < 2 s", about, outcome: "inconclusive", measured: null },
      ...{ unit: "ms", interval: null, calls: 60, why: "60 calls; a p95 takes 72" },
    });
    const long = "a machine of a long name → another one, probe, ssd-mobilenet";
    const lines = (...abouts: readonly string[]) =>
      linesOf({ ...plain, thresholds: abouts.map(of) }).filter((l) => l.startsWith("  p95 < 2 s"));
    expect(lines(`${long}, x8 2/s`, `${long}, x8 Poisson 2/s`)).toEqual([
      "  p95 < 2 s inconclusive: x8 2/s: 60 calls; a p95 takes 72",
      "  p95 < 2 s inconclusive: x8 Poisson 2/s: 60 calls; a p95 takes 72",
    ]);
    expect(lines("client → edge, probe")).toEqual([
      "  p95 < 2 s inconclusive: client → edge, probe: 60 calls; a p95 takes 72",
    ]);
  });

  it("is in colour on a terminal that has colours, and as it stands elsewhere", () => {
    const lines = summaryLines(plain, {});
    const stream = (isTTY: boolean, depth: number) =>
      Object.assign(new Writable(), { isTTY, getColorDepth: () => depth }) as unknown as NodeJS.WriteStream;
    expect(painted(lines, stream(false, 8))).toBe(plainText(lines));
    // NO_COLOR and TERM=dumb give a terminal one bit of colour.
    expect(painted(lines, stream(true, 1))).toBe(plainText(lines));
    const coloured = painted(lines, stream(true, 8));
    expect(coloured).toContain("\u001b[");
    // eslint-disable-next-line no-control-regex -- they are what is taken away
    expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(plainText(lines));
  });
});

describe("a text that is too long for its line", () => {
  it("ends with a whole clause, else with a whole word, and never inside of brackets", () => {
    expect(fitted("short", 10)).toBe("short");
    expect(fitted("one two three; four five six", 20)).toBe("one two three");
    expect(fitted("one two three four five", 15)).toBe("one two three …");
    expect(fitted("takes 1.20 times as long (0.7, 1.8) and so on", 34)).not.toMatch(/\([^)]*$/);
    expect(fitted("abcdefghij", 2)).toBe("");
    expect(fitted("abcdefghij", 6)).toBe("abcd …");
  });
});
