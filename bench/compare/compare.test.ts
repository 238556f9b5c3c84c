import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Cell } from "../matrix/cell.ts";
import { type Random, random } from "../stats/math/random.ts";
import { normalQuantile } from "../stats/math/special.ts";
import type { Study } from "../stats/study.ts";
import { RECORDS_VERSION } from "../records/records.ts";
import { callRecord, manifestOf, readBackOf, studyOf } from "../testing/studies.ts";
import { compareCommand } from "./command.ts";
import { compareRuns } from "./compare.ts";
import { judgeTogether } from "./judge.ts";
import { formatComparison } from "./comparison-text.ts";
import { verdictOf } from "./exit-code.ts";
import { exitCodeOf, manifest, options, run } from "./testing/runs.ts";

const slowRest = (c: Cell) => (c.client === "rest" && c.model === "ssd-mobilenet" && c.server === "edge" ? 1.3 : 1);

describe("comparing two runs", () => {
  it("of one set-up says the same, and exits with 0", () => {
    const stream = random(1);
    const c = compareRuns(run("a", stream), run("b", stream), options);
    expect(c.overall?.change).toBe("same");
    expect(c.groups).toHaveLength(2 * 3 * 2);
    expect(new Set(c.groups.map((g) => g.change))).toEqual(new Set(["same"]));
    expect(exitCodeOf(c)).toBe(0);
    expect(exitCodeOf(c, true)).toBe(0);
  });

  it("of a run with itself says unchanged in the first line, and exits with 0, however noisy it is", () => {
    const a = run("a", random(1), undefined, 2, 0.5);
    const c = compareRuns(a, { ...a, data: new Map(a.data) }, options);
    expect(c.identical).toBe(true);
    expect(exitCodeOf(c)).toBe(0);
    expect(formatComparison(c).split("\n")[0]).toBe("Unchanged: A and B are one and the same run.");
    expect(c.cells.every((x) => x.ratio === 1 && x.change === "same")).toBe(true);
    // One visit a cell shows no noise, and needs none.
    const once = run("a", random(1), undefined, 1);
    expect(exitCodeOf(compareRuns(once, once, options))).toBe(0);
  });

  it("says in its first line what changed, and by how much", () => {
    const stream = random(2);
    const first = (factor: (c: Cell) => number, noise = 0.01) =>
      formatComparison(
        compareRuns(run("a", stream, undefined, 4, noise), run("b", stream, factor, 4, noise), options),
      ).split("\n")[0];
    expect(first(slowRest)).toMatch(
      /^Slower: client → edge, rest, ssd-mobilenet takes 1\.[23]\d+ times as long \(1\.\d+ to 1\.\d+\)\. .*The whole: 1\.0/,
    );
    expect(first(() => 1)).toMatch(
      /^Unchanged: no change of 5\.0 % or more in the whole or in any group .* The whole: (1\.00|0\.99)/,
    );
    expect(first(() => 0.8)).toMatch(/^Faster as a whole: B takes 0\.(79|80)/);
    expect(first(() => 1, 0.3)).toMatch(
      /^Inconclusive: nothing surely changed by 5\.0 % or more, but \d+ figures may have/,
    );
  });

  it("says in its first line what its exit code means: that cells fail now, that the whole hides something slower, that cells are lacking", () => {
    const stream = random(4);
    const first = (c: ReturnType<typeof compareRuns>) => formatComparison(c).split("\n")[0];
    const without = (study: Study, left: (c: Cell) => boolean, failure?: { code: string; message: string }): Study => ({
      ...study,
      data: new Map(
        [...study.data].flatMap(([id, data]) => {
          const cell = study.manifest.cells.find((c) => c.id === id) as Cell;
          if (!left(cell)) return [[id, data] as const];
          return failure === undefined
            ? []
            : [[id, { ...data, totalsMs: new Float64Array(), visits: [], failure }] as const];
        }),
      ),
    });
    const down = { code: "UNAVAILABLE", message: "connection refused" };
    const edge = (c: Cell) => c.server === "edge";
    const failed = compareRuns(run("a", stream), without(run("b", stream), edge, down), options);
    expect(first(failed)).toMatch(/^Failed: 24 cells that A measured failed in B\. Unchanged/);
    expect(exitCodeOf(failed)).toBe(1);
    const all = compareRuns(
      run("a", stream),
      without(run("b", stream), () => true, down),
      options,
    );
    expect(first(all)).toBe("Failed: 48 cells that A measured failed in B. No measured cell is left to compare.");
    const lacking = compareRuns(run("a", stream), without(run("b", stream), edge), options);
    expect(first(lacking)).toMatch(/^Unchanged where both measured \(B lacks 24 cells\): /);
    expect(exitCodeOf(lacking)).toBe(3);
    const mixed = compareRuns(
      run("a", stream),
      run("b", stream, (c) => (slowRest(c) > 1 ? 1.3 : 0.7)),
      options,
    );
    expect(first(mixed)).toMatch(/^Faster as a whole: .* But slower: client → edge, rest, ssd-mobilenet takes 1\.[23]/);
    expect(exitCodeOf(mixed)).toBe(1);
    // Of the null model alone there is no whole: what is the same is unchanged, in the first line as in the exit code.
    const nulls = (id: string): Study => {
      const study = run(id, stream);
      const cells = study.manifest.cells.filter((c) => c.model === "null");
      const data = new Map(
        cells.map((c) => [c.id, study.data.get(c.id) as NonNullable<ReturnType<Study["data"]["get"]>>]),
      );
      return { ...study, data, manifest: { ...study.manifest, cells } };
    };
    const wire = compareRuns(nulls("a"), nulls("b"), options);
    expect(exitCodeOf(wire)).toBe(0);
    expect(first(wire)).toBe("Unchanged: no change of 5.0 % or more in any group.");
  });

  it("finds one cell that takes half as long again, and exits with 1", () => {
    const one = (c: Cell) => (c.id === "client>edge probe ssd-mobilenet image-1" ? 1.5 : 1);
    const stream = random(12);
    const c = compareRuns(run("a", stream, undefined, 5, 0.06), run("b", stream, one, 5, 0.06), options);
    expect(c.cells.filter((x) => x.change === "slower").map((x) => x.cell.id)).toEqual([
      "client>edge probe ssd-mobilenet image-1",
    ]);
    expect(verdictOf(c)).toMatchObject({ exitCode: 1, reasons: expect.arrayContaining(["1 cell slower"]) as string[] });
  });

  /** A run whose servers were started anew, which changes each machine's level. */
  function restarted(id: string, stream: Random, sd = 0.1, factor: (c: Cell) => number = () => 1): Study {
    const level = new Map(["client", "edge"].map((machine) => [machine, Math.exp(sd * stream.normal())]));
    const made = run(id, stream, (c) => (level.get(c.serverMachine) ?? 1) * factor(c), 5);
    return { ...made, manifest: { ...made.manifest, readBack: readBackOf(["client", "edge"], id) } };
  }
  const reasonsOf = (c: ReturnType<typeof compareRuns>) => verdictOf(c).reasons.join("; ");
  const UNKNOWN = "a change cannot be told from a restart of the servers, which no repeats show";

  it("cannot tell a change from a restart unless repeats show what one does: it says so, and exits with 3", () => {
    const stream = random(13);
    const a = restarted("a", stream);
    const pairs = Array.from({ length: 4 }, (_, i) => [a, restarted(`a${i}`, stream)] as const);
    const later = Array.from({ length: 20 }, (_, i) => restarted(`b${i}`, stream));
    for (const repeats of [[], pairs]) {
      const codes = later.map((b) => exitCodeOf(compareRuns(a, b, { ...options, repeats })));
      expect(codes.filter((code) => code === 1).length).toBeLessThan(3);
      expect(codes.filter((code) => code === 0)).toEqual([]);
    }
    const [b] = later;
    if (b === undefined) throw new Error("no run");
    const alone = compareRuns(a, b, options);
    expect(alone.restarted).toEqual(["client", "edge"]);
    expect(reasonsOf(alone)).toContain(UNKNOWN);
    expect(formatComparison(alone)).toContain("client and edge were restarted between A and B");
    expect(formatComparison(alone)).toContain("npx lathe bench --repeat-of a");
    const shown = compareRuns(a, b, { ...options, repeats: pairs });
    expect(reasonsOf(shown)).not.toContain(UNKNOWN);
    expect(formatComparison(shown)).toMatch(/Runs that repeat A or B after a restart differ by \d+\.\d %/);
  });

  it("takes runs of which nobody knows whether servers were restarted for restarted", () => {
    const stream = random(14);
    const [a, b] = [run("a", stream), run("b", stream)];
    for (const readBack of [{}, { ...b.manifest.readBack, client: { unread: "x" } }]) {
      const c = compareRuns(a, { ...b, manifest: { ...b.manifest, readBack } }, options);
      expect([exitCodeOf(c), c.restarted[0]]).toEqual([3, "client"]);
    }
    const again = { ...readBackOf(["client", "edge"], "later") };
    const session = { readBack: again, fromRound: 1, differences: [] } as unknown as NonNullable<
      Study["manifest"]["sessions"]
    >[number];
    const resumed = { ...b, manifest: { ...b.manifest, sessions: [session] } };
    expect(compareRuns(a, resumed, options).restarted).toEqual(["client", "edge"]);
  });

  it("finds a change after a restart that is larger than any restart makes, and one that repeats leave no doubt of", () => {
    const stream = random(15);
    const a = restarted("a", stream, 0.01);
    const all = (times: number) => restarted("b", stream, 0.01, () => times);
    expect(exitCodeOf(compareRuns(a, all(3), options))).toBe(1);
    expect(exitCodeOf(compareRuns(a, all(1.3), options))).toBe(3);
    const repeats = Array.from({ length: 4 }, (_, i) => [a, restarted(`a${i}`, stream, 0.01)] as const);
    expect(exitCodeOf(compareRuns(a, all(1.3), { ...options, repeats }))).toBe(1);
    // Repeats without a restart do not show what one does.
    const same = Array.from({ length: 4 }, (_, i) => [a, { ...a, manifest: { ...a.manifest, id: `a${i}` } }] as const);
    expect(reasonsOf(compareRuns(a, all(1.3), { ...options, repeats: same }))).toContain(UNKNOWN);
  });

  it("takes what differs between repeats of a run for no change, though nothing was restarted", () => {
    const stream = random(16);
    const warmer = (id: string) => {
      const level = new Map(["client", "edge"].map((machine) => [machine, Math.exp(0.1 * stream.normal())]));
      return run(id, stream, (c) => level.get(c.serverMachine) ?? 1, 5);
    };
    const a = warmer("a");
    const repeats = Array.from({ length: 4 }, (_, i) => [a, warmer(`a${i}`)] as const);
    const later = Array.from({ length: 20 }, (_, i) => warmer(`b${i}`));
    const alarms = later.filter((b) => exitCodeOf(compareRuns(a, b, { ...options, repeats })) === 1);
    expect(alarms.length).toBeLessThan(4);
    const [b] = later;
    if (b === undefined) throw new Error("no run");
    expect(formatComparison(compareRuns(a, b, options))).toContain("lathe bench --repeat 3");
    expect(formatComparison(compareRuns(a, b, { ...options, repeats }))).toMatch(
      /Runs that repeat A or B differ by \d+\.\d %/,
    );
  });

  it("says how well their cells agree", () => {
    const factor = (c: Cell) => (c.image === "image-1" ? 1.1 : 1);
    const c = compareRuns(run("a", random(1), undefined, 2, 0), run("b", random(2), factor, 2, 0), options);
    expect(c.agreement?.cells).toBe(48);
    expect(c.agreement?.typical).toBeCloseTo(0, 9);
    expect(c.agreement?.ninth).toBeCloseTo(0.1, 9);
    // Without noise an interval is a point: those of the image that got slower lie apart.
    expect(c.agreement?.close).toBe(0.75);
    expect(c.agreement?.overlapping).toBe(0.75);
    expect(formatComparison(c)).toContain("75.0 % of the cells lie within 5 %, the 95 % intervals of 75.0 % overlap");
    expect(formatComparison(c)).toContain("nine of ten cells within 10.0 %, all within 10.0 %");
  });

  it("finds the one group that got slower, by how much, and exits with 1", () => {
    const stream = random(2);
    const c = compareRuns(run("a", stream), run("b", stream, slowRest), options);
    const slower = c.groups.filter((g) => g.change === "slower");
    expect(slower.map((g) => `${g.levels["placement"]} ${g.levels["model"]} ${g.levels["client"]}`)).toEqual([
      "client → edge ssd-mobilenet rest",
    ]);
    expect(slower[0]?.ratio).toBeCloseTo(1.3, 1);
    expect(exitCodeOf(c)).toBe(1);
    expect(formatComparison(c)).toMatch(
      /client → edge +rest +ssd-mobilenet +4 +1\.\d+ +1\.\d+ to 1\.\d+ +1\.\d+ to 1\.\d+ +slower/,
    );
  });

  it("the other way round finds it faster, and exits with 0", () => {
    const stream = random(3);
    const c = compareRuns(run("a", stream, slowRest), run("b", stream), options);
    expect(c.groups.filter((g) => g.change !== "same").map((g) => g.change)).toEqual(["faster"]);
    expect(exitCodeOf(c)).toBe(0);
  });

  it("takes a change that is sure but below the threshold for none", () => {
    const stream = random(4);
    const c = compareRuns(
      run("a", stream),
      run("b", stream, () => 1.02, 6, 0.002),
      options,
    );
    expect(c.overall?.interval?.low).toBeGreaterThan(1.01);
    expect(c.overall?.change).toBe("same");
  });

  it("is inconclusive of one visit a cell, however much slower it is, and exits with 3", () => {
    const stream = random(5);
    const c = compareRuns(
      run("a", stream, undefined, 1),
      run("b", stream, () => 3, 1),
      options,
    );
    expect(c.overall).toMatchObject({ interval: null, change: "inconclusive" });
    expect(exitCodeOf(c)).toBe(3);
    expect(exitCodeOf(c, true)).toBe(1);
    expect(formatComparison(c)).toContain("Every group is inconclusive");
  });

  it("takes a cell that was visited once along, as noisy as its like", () => {
    const stream = random(6);
    const once = (study: Study): Study => {
      const [id, data] = [...study.data].find(([cell]) => cell.includes("ssd-mobilenet")) ?? [];
      if (id === undefined || data === undefined) throw new Error("no cell");
      return { ...study, data: new Map(study.data).set(id, { ...data, visits: data.visits.slice(0, 1) }) };
    };
    const c = compareRuns(run("a", stream), once(run("b", stream, () => 3)), options);
    expect(c.overall).toMatchObject({ change: "slower" });
    expect(new Set(c.groups.map((g) => g.change))).toEqual(new Set(["slower"]));
    const same = compareRuns(once(run("a", stream)), run("b", stream), options);
    expect(same.overall?.change).toBe("same");
    expect(exitCodeOf(same)).toBe(0);
  });

  it("warns first where B lacks cells of A, and exits with 3: what is missing may be what got slower", () => {
    const stream = random(8);
    const b = run("b", stream);
    const one = [...b.data].slice(-1);
    const c = compareRuns(run("a", stream), { ...b, data: new Map(one) }, options);
    expect(c.onlyA).toHaveLength(47);
    expect(exitCodeOf(c)).toBe(3);
    expect(formatComparison(c).split("\n").slice(0, 3).join("\n")).toContain(
      "B lacks 47 of the 48 cells that A measured",
    );
    // Cells that B has beyond A's take nothing away.
    expect(
      exitCodeOf(compareRuns({ ...run("a", stream), data: new Map([...b.data].slice(24)) }, run("c", stream), options)),
    ).toBe(0);
  });

  it("counts a cell that began to fail as worse, whatever the others do", () => {
    const stream = random(6);
    const b = run("b", stream);
    const [id, data] = [...b.data][0] ?? [];
    if (id === undefined || data === undefined) throw new Error("no cell");
    const failing = new Map(b.data).set(id, { ...data, failure: { code: "UNAVAILABLE", message: "refused" } });
    const c = compareRuns(run("a", stream), { ...b, data: failing }, options);
    expect(c.newFailures).toEqual([{ cell: id, why: "UNAVAILABLE: refused" }]);
    expect(c.onlyA).toEqual([id]);
    expect(exitCodeOf(c)).toBe(1);
    expect(formatComparison(c)).toContain(`${id}: UNAVAILABLE: refused`);
  });

  it("of runs without a cell in common says so, and exits with 3", () => {
    const c = compareRuns(run("a", random(7)), { ...run("b", random(8)), data: new Map() }, options);
    expect(c.overall).toBeNull();
    expect(exitCodeOf(c)).toBe(3);
    expect(formatComparison(c)).toContain("no measured cell in common");
  });

  // 200 pairs of runs of one set-up, 12 groups each: one pair in twenty may have one that is called slower or faster, and
  // one in twenty may end with 1 (the whole, groups, one side of each); two Monte-Carlo errors are .03. The threshold is next to
  // nothing, so nothing hides.
  it("of one set-up raises no more false alarms than it says, over all groups", () => {
    const stream = random(10);
    const pairs = Array.from({ length: 200 }, () =>
      compareRuns(run("a", stream, undefined, 3), run("b", stream, undefined, 3), { threshold: 1e-9 }),
    );
    const alarms = pairs.filter((c) => c.groups.some((g) => g.change === "slower" || g.change === "faster"));
    expect(alarms.length / 200).toBeLessThan(0.08);
    expect(pairs.filter((c) => exitCodeOf(c) === 1).length / 200).toBeLessThan(0.08);
  });
});

/*
 * Truth known, as the demo is: thirty groups of ten images, two rounds, most visits to the slow model once; machines and rounds
 * differ by some per mille, the noise of visits is that of the demo's runs.
 */
describe("two runs of two rounds and thirty groups", () => {
  const wide = manifestOf({
    placements: [
      ...["client", "cloud", "edge"].map((role) => [role, role] as const),
      ...["cloud", "edge"].map((role) => ["client", role] as const),
    ],
    images: Array.from({ length: 10 }, (_, i) => ({ name: `image-${i + 1}`, fileBytes: 1 })),
  });
  const noises: Readonly<Record<string, number>> = { "rfcn-resnet101": 0.03, "ssd-mobilenet": 0.06, null: 0.15 };
  const target = (c: Cell) => slowRest(c) > 1 && c.clientMachine === "client";
  const demo = (stream: Random, factor: (c: Cell) => number = () => 1): Study => {
    const shared = new Map<string, number>();
    const common = (key: string) => {
      const value = shared.get(key) ?? 0.004 * stream.normal();
      shared.set(key, value);
      return value;
    };
    const study = studyOf({ ...manifest("demo"), ...wide }, 2, (c, round) => {
      const noise = noises[c.model] ?? 0;
      const visit = common(`${round}`) + common(`${c.server} ${round}`) + noise * stream.normal();
      return Array.from({ length: 3 }, () => ({
        totalMs: 20 * factor(c) * Math.exp(visit + 0.4 * noise * stream.normal()),
      }));
    });
    const data = [...study.data].map(([id, d]) => {
      const once = id.includes("rfcn") && stream.below(10) < 6;
      return [id, once ? { ...d, visits: d.visits.slice(0, 1), totalsMs: d.totalsMs.slice(0, 3) } : d] as const;
    });
    return { ...study, data: new Map(data) };
  };

  // 25 pairs: all but one or two.
  it("find the one group that got slower by a quarter, and end with 1", () => {
    const stream = random(21);
    const found = Array.from({ length: 25 }, () =>
      compareRuns(
        demo(stream),
        demo(stream, (c) => (target(c) ? 1.25 : 1)),
        options,
      ),
    );
    const slower = found.map((c) => c.groups.filter((g) => g.change === "slower"));
    expect(slower.filter((all) => all.some((g) => g.levels["placement"] === "client → edge")).length).toBeGreaterThan(
      22,
    );
    expect(slower.flat().every((g) => g.levels["model"] === "ssd-mobilenet" && g.levels["client"] === "rest")).toBe(
      true,
    );
    expect(found.filter((c) => exitCodeOf(c) === 0)).toEqual([]);
  });

  it("print what they judge: a group is called slower where the interval for all at once says so", () => {
    const stream = random(22);
    const c = compareRuns(
      demo(stream),
      demo(stream, (cell) => (target(cell) ? 1.13 : 1)),
      options,
    );
    for (const g of c.groups.flatMap((group) => [group, ...(group.p90 === null ? [] : [group.p90])])) {
      const [alone, together] = [g.interval, g.together];
      if (alone === null || together === null) throw new Error("no interval");
      expect(together.low).toBeLessThanOrEqual(alone.low);
      expect(g.change === "slower").toBe(together.low > 1.05);
      expect(g.change === "seems slower").toBe(alone.low > 1.05 && together.low <= 1.05);
      expect(g.change === "same").toBe(alone.low >= 1 / 1.05 && alone.high <= 1.05);
    }
    expect(exitCodeOf(c)).not.toBe(0);
  });

  it("do not take one call that took ten times as long for a slower group", () => {
    const stream = random(23);
    const b = demo(stream);
    const [id, d] = [...b.data].find(([, data]) => data.visits.length === 1) ?? [];
    if (id === undefined || d === undefined) throw new Error("no cell was visited once");
    const visits = d.visits.map((v) => ({ ...v, medianMs: 10 * v.medianMs, meanMs: 10 * v.meanMs }));
    const c = compareRuns(demo(stream), { ...b, data: new Map(b.data).set(id, { ...d, visits }) }, options);
    expect(c.groups.filter((g) => g.change === "slower")).toEqual([]);
  });

  it("find a tail that grew while medians stayed", () => {
    const stream = random(24);
    const grown = (study: Study): Study => ({
      ...study,
      data: new Map(
        [...study.data].map(([id, d]) => {
          const totalsMs = d.totalsMs.map((ms) => (id.includes("ssd") && stream.below(5) === 0 ? 8 * ms : ms));
          return [id, { ...d, totalsMs }] as const;
        }),
      ),
    });
    const c = compareRuns(demo(stream), grown(demo(stream)), options);
    const slower = c.groups.filter((g) => g.p90?.change === "slower");
    expect(slower.length).toBeGreaterThan(3);
    expect(new Set(slower.map((g) => g.levels["model"]))).toEqual(new Set(["ssd-mobilenet"]));
    expect(exitCodeOf(c)).toBe(1);
    expect(formatComparison(c)).toContain("B over A, p90 of the groups in which it changed");
  });
});

describe("judging many ratios together", () => {
  // By hand: z of .0001, .02, .03 and .8 (two tails), normal. Holm at 5 %: .0001 < .0125, then .02 > .0167 stops it.
  it("is Holm's procedure, each at the level of its step", () => {
    const logs = [0.0001, 0.02, 0.03, 0.8].map((p) => ({ value: normalQuantile(1 - p / 2), se: 1, df: Infinity }));
    const judged = judgeTogether([...logs, { value: 9, se: NaN, df: 0 }], 1e-9);
    expect(judged.map((j) => j.change)).toEqual([
      "slower",
      "seems slower",
      "seems slower",
      "inconclusive",
      "inconclusive",
    ]);
    expect(judged.map((j) => j.together?.level)).toEqual([
      1 - 0.05 / 4,
      ...[1, 2, 3].map(() => 1 - 0.05 / 3),
      undefined,
    ]);
    expect(judged[0]?.together?.low).toBeGreaterThan(1);
    expect(judged[1]?.together?.low).toBeLessThan(1);
  });
});

describe("the compare command", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "lathe-compare-"))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("reads two folders, compares them, and says how to end", async () => {
    const folder = (name: string, ms: number) => {
      const to = join(dir, name);
      const m = manifest(name);
      mkdirSync(to);
      writeFileSync(join(to, "run.json"), JSON.stringify(m));
      const stream = random(ms);
      const lines = m.cells.flatMap((c) =>
        [0, 1, 2, 3].flatMap((round) =>
          [1, 2].map(() => {
            const record = callRecord(c.id, round, ms * Math.exp(0.01 * stream.normal()));
            return JSON.stringify({ v: RECORDS_VERSION, ...record });
          }),
        ),
      );
      writeFileSync(join(to, "records.jsonl"), `${lines.join("\n")}\n`);
      return to;
    };
    const [a, b] = [folder("a", 10), folder("b", 20)];
    const slower = await compareCommand(a, b);
    expect(slower.exitCode).toBe(1);
    expect(slower.json).toMatchObject({ schema: "lathe.compare/4", a: "a", b: "b", exitCode: 1, provenance: [] });
    expect(slower.text).toMatch(/B over A as a whole: (2\.0|1\.9)\d+ \(.*\): slower/);
    expect((await compareCommand(b, a)).exitCode).toBe(0);
    expect((await compareCommand(a, a, { strict: true })).exitCode).toBe(0);
  });

  it("refuses folders that hold no run, and thresholds that are none", async () => {
    await expect(compareCommand(dir, dir)).rejects.toThrow(/run\.json: there is no such file/);
    appendFileSync(join(dir, "run.json"), "{}");
    await expect(compareCommand(dir, dir, { threshold: 0 })).rejects.toThrow(/threshold 0/);
  });
});
