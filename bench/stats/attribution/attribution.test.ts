import { describe, expect, it } from "vitest";
import type { Cell } from "../../matrix/cell.ts";
import { type Attribution, attribute, comesToWhole } from "./attribution.ts";
import { intervalOf } from "../math/estimate.ts";
import { type Random, random } from "../math/random.ts";
import { manifestOf, studyOf } from "../../testing/studies.ts";
import type { CellData } from "../visits.ts";

const PLACEMENTS = [
  ["client", "client"],
  ["edge", "edge"],
  ["client", "edge"],
] as const;

const manifest = manifestOf({
  placements: PLACEMENTS,
  images: [
    { name: "image-1", fileBytes: 1 },
    { name: "image-2", fileBytes: 2 },
  ],
});

/** Images enough for a cell that was visited once to be compared with its like. */
const wide = manifestOf({
  placements: PLACEMENTS,
  images: Array.from({ length: 8 }, (_, i) => ({ name: `image-${i + 1}`, fileBytes: i + 1 })),
});

/** Truth: what each part takes, ms. */
const truth = (cell: Cell) => {
  const rest = cell.client === "rest";
  return {
    encode: rest ? 4 : 1,
    server: rest ? 20 : 3,
    network: cell.local ? 0 : rest ? 80 : 25,
    compute: cell.model === "null" ? 0 : cell.model === "ssd-mobilenet" ? 30 : 1000,
  };
};

function measured(extra: (cell: Cell) => number, noise: number, stream: Random = random(1), rounds = 5, of = manifest) {
  return studyOf(of, rounds, (cell) =>
    Array.from({ length: 3 }, () => {
      const t = truth(cell);
      const totalMs = t.encode + t.server + t.network + t.compute + extra(cell) + noise * stream.normal();
      return { totalMs, encodeMs: t.encode };
    }),
  );
}

describe("the parts of a latency", () => {
  it("are found as they were put in, and add up", () => {
    const all = attribute(measured(() => 0, 0.01));
    expect(all).toHaveLength(3 * 2 * 2);
    const remote = all.find(
      (a) =>
        a.levels["placement"] === "client → edge" &&
        a.levels["model"] === "ssd-mobilenet" &&
        a.levels["client"] === "rest",
    );
    expect(remote?.images).toBe(2);
    const got = (part: keyof NonNullable<typeof remote>["parts"]) => remote?.parts[part].value ?? NaN;
    expect([got("encode"), got("server"), got("network"), got("compute")].map(Math.round)).toEqual([4, 20, 80, 30]);
    expect(remote?.total.value).toBeCloseTo(134, 1);
    expect(remote?.judged.small).toBe(true);
  });

  it("do not add up where a placement has a cost that none of them knows, and the rest is that cost", () => {
    const slow = (c: Cell) => (!c.local && c.model !== "null" ? 12 : 0);
    const all = attribute(measured(slow, 0.05));
    const remote = all.filter((a) => a.levels["placement"] === "client → edge");
    // Twelve of a thousand are little, of a hundred they are not.
    for (const a of remote) expect(a.judged.small, a.levels["model"]).toBe(a.levels["model"] === "rfcn-resnet101");
    for (const a of remote) expect(a.rest.value).toBeCloseTo(12, 0);
    for (const a of all.filter((b) => b.levels["placement"] === "edge → edge"))
      expect(Math.abs(a.rest.value)).toBeLessThan(0.1);
  });

  it("do not add up at home where a model computes longer for one protocol than for the other", () => {
    const odd = (c: Cell) => (c.client === "rest" && c.model === "rfcn-resnet101" ? 400 : 0);
    const rest = attribute(measured(odd, 0.1)).find(
      (a) =>
        a.levels["placement"] === "edge → edge" &&
        a.levels["model"] === "rfcn-resnet101" &&
        a.levels["client"] === "rest",
    );
    expect(rest?.judged.small).toBe(false);
    expect(rest?.rest.value).toBeCloseTo(200, 0);
    expect(rest?.kind).toBe("follows");
  });

  it("are not said to add up where they come from the cell itself, or where it was visited once", () => {
    const one = manifestOf({
      placements: [["edge", "edge"]],
      clients: ["probe"],
      images: [{ name: "a", fileBytes: 1 }],
    });
    const study = studyOf(one, 4, (c) => [{ totalMs: c.model === "null" ? 1 : 9, encodeMs: 0.5 }]);
    expect(attribute(study).map((a) => a.judged.small)).toEqual([null, null]);
    const once = attribute(measured(() => 0, 1, random(2), 1));
    expect(once.map((a) => a.judged.small)).toEqual(once.map(() => null));
  });

  it("are not said to add up for want of evidence: an interval wider than a twentieth of the whole is inconclusive", () => {
    const all = attribute(measured(() => 0, 2, random(4), 2));
    const quick = all.filter((a) => a.levels["model"] === "ssd-mobilenet" && a.levels["client"] === "probe");
    for (const a of quick) {
      expect(a.judged.interval?.low, a.levels["placement"]).toBeLessThan(0);
      expect(a.judged.interval?.high, a.levels["placement"]).toBeGreaterThan(0);
      expect(a.judged.small, a.levels["placement"]).toBeNull();
    }
    // The same noise in a call of a second is none to speak of.
    expect(all.filter((a) => a.levels["model"] === "rfcn-resnet101").map((a) => a.judged.small)).not.toContain(null);
  });

  it("count once where the rests of two clients at home are each other's negative by construction", () => {
    const all = attribute(measured(() => 0, 0.5));
    const home = all.filter((a) => a.levels["placement"] === "edge → edge");
    expect(home.map((a) => [a.levels["model"], a.levels["client"], a.kind])).toEqual([
      ["rfcn-resnet101", "probe", "finding"],
      ["rfcn-resnet101", "rest", "follows"],
      ["ssd-mobilenet", "probe", "finding"],
      ["ssd-mobilenet", "rest", "follows"],
    ]);
    expect(home[0]?.rest.value).toBeCloseTo(-(home[1]?.rest.value ?? NaN), 9);
    expect(all.filter((a) => a.levels["placement"] === "client → edge").every((a) => a.kind === "finding")).toBe(true);
  });

  it("have the noise of what is alike where a cell was visited once only", () => {
    const whole = measured(() => 0, 1, random(6), 4, wide);
    const slow = (c: Cell) => c.model === "rfcn-resnet101" && c.image === "image-1";
    const once = (c: Cell) => {
      const d = whole.data.get(c.id) as CellData;
      return slow(c) ? { ...d, visits: d.visits.slice(0, 1) } : d;
    };
    const all = attribute({ ...whole, data: new Map(wide.cells.map((c) => [c.id, once(c)])) });
    const full = attribute(whole);
    for (const [i, a] of all.entries()) {
      expect(a.judged.interval).not.toBeNull();
      if (a.levels["model"] === "rfcn-resnet101") expect(a.rest.se).toBeGreaterThan(full[i]?.rest.se ?? NaN);
    }
  });

  it("are not judged where the one visit of a cell is an outlier, and are where it is not", () => {
    const whole = measured(() => 0, 0.2, random(7), 4, wide);
    const odd = (c: Cell) => c.model === "ssd-mobilenet" && c.client === "rest" && !c.local;
    const rows = (slower: number) => {
      const data = new Map(
        wide.cells.map((c) => {
          const d = whole.data.get(c.id) as CellData;
          if (!odd(c) || c.image !== "image-1") return [c.id, d] as const;
          const [v] = d.visits as [CellData["visits"][number]];
          return [
            c.id,
            { ...d, visits: [{ ...v, meanMs: v.meanMs * slower, medianMs: v.medianMs * slower }] },
          ] as const;
        }),
      );
      return attribute({ ...whole, data });
    };
    const shown = (all: ReturnType<typeof rows>) =>
      all.map((a) => [
        a.levels["placement"],
        a.levels["model"],
        a.levels["client"],
        a.judged.small,
        a.judged.doubtful ?? false,
      ]);
    expect(shown(rows(1)).filter(([, , , , doubtful]) => doubtful)).toEqual([]);
    const outliers = shown(rows(5)).filter(([, , , , doubtful]) => doubtful);
    expect(outliers).toEqual([["client → edge", "ssd-mobilenet", "rest", null, true]]);
  });

  it("have no network where the null model answers its own machine more slowly, and their sum stays the same", () => {
    const shared = (c: Cell) => (c.local ? 90 : 0);
    const remote = attribute(measured(shared, 0.01)).find(
      (a) =>
        a.levels["placement"] === "client → edge" &&
        a.levels["model"] === "ssd-mobilenet" &&
        a.levels["client"] === "rest",
    );
    expect(remote?.distance.value).toBeCloseTo(-10, 1);
    expect(remote?.parts.network.value).toBe(0);
    expect(remote?.parts.server.value).toBeCloseTo(100, 1);
    expect(remote?.rest.value).toBeCloseTo(0, 1);
  });

  it("are not given without a null model", () => {
    const without = manifestOf({
      placements: [["edge", "edge"]],
      models: ["ssd-mobilenet"],
      images: [{ name: "a", fileBytes: 1 }],
    });
    expect(attribute(studyOf(without, 3, () => [{ totalMs: 5 }]))).toEqual([]);
  });

  // Additive truth, 12 rows a run of which 10 are judged. 300 runs: two Monte-Carlo errors of .05 are .025.
  it("are said not to add up in at most one run of twenty where they do, over all rows", () => {
    const stream = random(10);
    const alarms = Array.from({ length: 300 }, () => attribute(measured(() => 0, 1, stream, 4))).filter((all) =>
      all.some((a) => a.judged.small === false),
    );
    expect(alarms.length / 300).toBeLessThan(0.075);
  }, 120_000);

  // 300 runs x 8 rests that can be seen: two Monte-Carlo errors of .95 are .009 (cells are shared, so somewhat more).
  it("have a rest whose interval holds zero as often as it says", () => {
    const stream = random(9);
    const rests = Array.from({ length: 300 }, () => attribute(measured(() => 0, 1, stream, 4))).flatMap((all) =>
      all.filter((a) => a.levels["placement"] === "client → edge").map((a) => intervalOf(a.rest)),
    );
    const coverage = rests.filter((i) => i !== null && i.low <= 0 && i.high >= 0).length / rests.length;
    expect(coverage).toBeGreaterThan(0.93);
    expect(coverage).toBeLessThan(0.98);
  }, 120_000);
});

it("parts that come to much more or less than the whole are not shown as its parts", () => {
  const estimate = (value: number) => ({ value }) as Attribution["total"];
  const shown = (rest: number) => comesToWhole({ total: estimate(112), rest: estimate(rest) });
  expect([0, 11, -11, 12, -67].map(shown)).toEqual([true, true, true, false, false]);
});
