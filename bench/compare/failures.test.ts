import { describe, expect, it } from "vitest";
import { AXES } from "../matrix/axes.ts";
import { random } from "../stats/math/random.ts";
import { callRecord, dataOf, manifestOf } from "../testing/studies.ts";
import { gatherCells } from "../stats/gather.ts";
import { type CellData } from "../stats/visits.ts";
import type { Study } from "../stats/study.ts";
import { failureChanges, fisherRise } from "./failures.ts";

const manifest = manifestOf({
  placements: [
    ["client", "client"],
    ["client", "edge"],
  ],
  models: ["ssd-mobilenet"],
  images: Array.from({ length: 10 }, (_, i) => ({ name: `image-${i + 1}`, fileBytes: 1 })),
});

/** Two visits a cell, of which some fail. */
function failing(fails: (cell: string, round: number) => boolean): Study {
  const data = manifest.cells.map(({ id }): [string, CellData] => {
    const bad = [0, 1].filter((round) => fails(id, round)).length;
    const failed = { calls: bad, failures: bad, visits: bad, tried: 2, codes: { DEADLINE_EXCEEDED: bad } };
    return [id, { ...dataOf(id, [[10], [10]]), ...(bad === 0 ? {} : { failed }) }];
  });
  return { manifest, data: new Map(data), images: [], axes: AXES };
}

describe("failures of two runs", () => {
  // Exact sums of hypergeometric terms, in fractions: 17/70 is Fisher's lady tasting tea, 1 / C(40, 20) all or none.
  it("are compared by Fisher's exact test", () => {
    expect(fisherRise([1, 4], [3, 4])).toBeCloseTo(17 / 70, 12);
    expect(fisherRise([0, 20], [20, 20])).toBeCloseTo(7.254444551924845e-12, 22);
    expect(fisherRise([2, 50], [9, 40])).toBeCloseTo(0.009125351386157643, 12);
    expect(fisherRise([5, 10], [0, 10])).toBe(1);
    expect(fisherRise([0, 10], [0, 10])).toBe(1);
  });

  it("that rose in one group are named, and those that were as many before are not", () => {
    const bad = (id: string) => id.startsWith("client>edge rest");
    const changes = failureChanges(
      failing(() => false),
      failing(bad),
    );
    expect(changes).toHaveLength(2);
    expect(changes[0]).toMatchObject({ group: null, a: { visits: 0, tried: 80 }, b: { visits: 20, tried: 80 } });
    expect(changes[1]).toMatchObject({
      group: { placement: "client → edge", client: "rest" },
      b: { visits: 20, tried: 20, calls: 20, made: 40 },
      change: "rose",
    });
    expect(failureChanges(failing(bad), failing(bad)).map((c) => c.change)).toEqual(["no", "no"]);
    expect(
      failureChanges(
        failing(bad),
        failing(() => false),
      ).map((c) => c.change),
    ).toEqual(["no", "no"]);
  });

  it("of one in eighty visits more are no rise yet", () => {
    const [, ...cells] = manifest.cells;
    const one = failing((id, round) => round === 0 && !cells.some((c) => c.id === id));
    const [whole] = failureChanges(
      failing(() => false),
      one,
    );
    expect(whole?.p).toBeCloseTo(0.5, 12);
    expect(whole?.change).toBe("no");
  });

  // Visits of both runs fail one time in ten: 500 pairs, at 1 % two Monte-Carlo errors are .009.
  it("of runs that fail alike are said to have risen no more often than the rule says", () => {
    const stream = random(12);
    const run = () => failing(() => stream.below(10) === 0);
    const rose = Array.from({ length: 500 }, () => failureChanges(run(), run())).filter((changes) =>
      changes.some((c) => c.change === "rose"),
    );
    expect(rose.length / 500).toBeLessThan(0.019);
  });
});

describe("the failures of a cell", () => {
  const wrong = { code: "DEADLINE_EXCEEDED", message: "timeout" };
  const at = "2026-01-01T00:00:00.000Z";

  it("stay counted where calls went well later, and the failure is taken away", async () => {
    const data = await gatherCells([
      callRecord("a", 0, 10),
      callRecord("a", 0, 60_000, { ok: false, error: wrong }),
      { type: "failure", cell: "a", round: 0, at, error: wrong },
      { type: "failure", cell: "a", round: 1, at, error: { code: "UNAVAILABLE", message: "refused" } },
      callRecord("a", 2, 11),
      callRecord("b", 0, 12),
    ]);
    expect(data.get("a")).toMatchObject({
      totalsMs: Float64Array.of(10, 11),
      failed: { calls: 1, failures: 2, visits: 2, tried: 3, codes: { DEADLINE_EXCEEDED: 1, UNAVAILABLE: 1 } },
    });
    expect(data.get("a")?.failure).toBeUndefined();
    expect(data.get("b")?.failed).toBeUndefined();
  });

  it("do not count calls that failed over a link that was not there: only that the visit was void", async () => {
    const lost = { code: "UNAVAILABLE", message: "link far went away", void: true } as const;
    const data = await gatherCells([
      callRecord("a", 0, 60_000, { ok: false, error: wrong }),
      callRecord("a", 1, 10),
      callRecord("a", 1, 60_000, { ok: false, error: wrong }),
      callRecord("b", 1, 12),
      { type: "failure", cell: "a", round: 1, at, error: lost },
      // What was void already stays so: the link is judged in its visit and after its block.
      { type: "failure", cell: "a", round: 1, at, error: lost },
      callRecord("a", 2, 11),
    ]);
    expect(data.get("a")).toMatchObject({
      totalsMs: Float64Array.of(11),
      failed: { calls: 1, failures: 2, visits: 2, tried: 3, codes: { DEADLINE_EXCEEDED: 1, UNAVAILABLE: 2 } },
    });
  });
});
