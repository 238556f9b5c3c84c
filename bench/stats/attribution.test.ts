import { describe, expect, it } from "vitest";
import type { Cell } from "../cell.ts";
import { attribute } from "./attribution.ts";
import { intervalOf } from "./estimate.ts";
import { type Random, random } from "./random.ts";
import { manifestOf, studyOf } from "./testing.ts";

const manifest = manifestOf({
  placements: [
    ["client", "client"],
    ["edge", "edge"],
    ["client", "edge"],
  ],
  images: [
    { name: "image-1", fileBytes: 1 },
    { name: "image-2", fileBytes: 2 },
  ],
});

/** Truth: what each part takes, ms. */
const truth = (cell: Cell) => {
  const rest = cell.clientKind === "rest";
  return {
    encode: rest ? 4 : 1,
    server: rest ? 20 : 3,
    network: cell.clientRole === cell.serverRole ? 0 : rest ? 80 : 25,
    compute: cell.model === "null" ? 0 : cell.model === "ssd-mobilenet" ? 30 : 1000,
  };
};

function measured(extra: (cell: Cell) => number, noise: number, stream: Random = random(1), rounds = 5) {
  return studyOf(manifest, rounds, (cell) =>
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
      (a) => a.place === "client → edge" && a.model === "ssd-mobilenet" && a.clientKind === "rest",
    );
    expect(remote?.images).toBe(2);
    const got = (part: keyof NonNullable<typeof remote>["parts"]) => remote?.parts[part].value ?? NaN;
    expect([got("encode"), got("server"), got("network"), got("compute")].map(Math.round)).toEqual([4, 20, 80, 30]);
    expect(remote?.total.value).toBeCloseTo(134, 1);
    expect(remote?.addsUp).toBe(true);
  });

  it("do not add up where a placement has a cost that none of them knows, and the rest is that cost", () => {
    const slow = (c: Cell) => (c.clientRole !== c.serverRole && c.model !== "null" ? 12 : 0);
    const all = attribute(measured(slow, 0.05));
    const remote = all.filter((a) => a.place === "client → edge");
    expect(remote.map((a) => a.addsUp)).toEqual([false, false, false, false]);
    for (const a of remote) expect(a.rest.value).toBeCloseTo(12, 0);
    for (const a of all.filter((b) => b.place === "edge → edge")) expect(Math.abs(a.rest.value)).toBeLessThan(0.1);
  });

  it("do not add up at home where a model computes longer for one protocol than for the other", () => {
    const odd = (c: Cell) => (c.clientKind === "rest" && c.model === "rfcn-resnet101" ? 40 : 0);
    const rest = attribute(measured(odd, 0.1)).find(
      (a) => a.place === "edge → edge" && a.model === "rfcn-resnet101" && a.clientKind === "rest",
    );
    expect(rest?.addsUp).toBe(false);
    expect(rest?.rest.value).toBeCloseTo(20, 0);
  });

  it("are not told to add up where they come from the cell itself, or where it was visited once", () => {
    const one = manifestOf({ placements: [["edge", "edge"]], kinds: ["probe"], images: [{ name: "a", fileBytes: 1 }] });
    const study = studyOf(one, 4, (c) => [{ totalMs: c.model === "null" ? 1 : 9, encodeMs: 0.5 }]);
    expect(attribute(study).map((a) => a.addsUp)).toEqual([null, null]);
    const once = attribute(measured(() => 0, 1, random(2), 1));
    expect(once.map((a) => a.addsUp)).toEqual(once.map(() => null));
  });

  it("are not given without a null model", () => {
    const without = manifestOf({
      placements: [["edge", "edge"]],
      models: ["ssd-mobilenet"],
      images: [{ name: "a", fileBytes: 1 }],
    });
    expect(attribute(studyOf(without, 3, () => [{ totalMs: 5 }]))).toEqual([]);
  });

  // 300 runs x 8 rests that can be seen: two Monte-Carlo errors of .95 are .009 (cells are shared, so somewhat more).
  it("have a rest whose interval holds zero as often as it says", () => {
    const stream = random(9);
    const rests = Array.from({ length: 300 }, () => attribute(measured(() => 0, 1, stream, 4))).flatMap((all) =>
      all.filter((a) => a.place === "client → edge").map((a) => intervalOf(a.rest)),
    );
    const coverage = rests.filter((i) => i !== null && i.low <= 0 && i.high >= 0).length / rests.length;
    expect(coverage).toBeGreaterThan(0.93);
    expect(coverage).toBeLessThan(0.98);
  });
});
