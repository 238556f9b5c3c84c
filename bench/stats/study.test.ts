import { describe, expect, it } from "vitest";
import { intervalOf } from "./math/estimate.ts";
import { random } from "./math/random.ts";
import { centreOver } from "./cells/cell-intervals.ts";
import { coverageOf, manifestOf, studyOf } from "../testing/studies.ts";
import type { CellData } from "./visits.ts";

const manifest = manifestOf({
  placements: [
    ["client", "client"],
    ["cloud", "cloud"],
    ["edge", "edge"],
  ],
  models: ["rfcn-resnet101"],
  images: Array.from({ length: 6 }, (_, i) => ({ name: `image-${i + 1}`, fileBytes: 100 })),
});

/*
 * Truth known: cells of 1000 to 1500 ms; 3 % of noise a visit and 3 % that a machine's visits of a round share; three rounds, of
 * which half of the cells saw the first alone. 300 trials: two Monte-Carlo errors of .95 are .025.
 */
describe("the mean over some cells of a run", () => {
  it("has an interval that holds the truth as often as it says, of one cell visited once as of many", () => {
    const stream = random(41);
    const truthMs = (id: string) => 1000 + 100 * Number(id.at(-1));
    const [one, many] = [manifest.cells.slice(0, 1), manifest.cells.slice(0, 6)];
    const intervals = Array.from({ length: 300 }, () => {
      const shared = new Map<string, number>();
      const common = (key: string) => {
        if (!shared.has(key)) shared.set(key, 0.03 * stream.normal());
        return shared.get(key) as number;
      };
      const whole = studyOf(manifest, 3, (c, round) => [
        { totalMs: truthMs(c.id) * Math.exp(common(`${c.server} ${round}`) + 0.03 * stream.normal()) },
      ]);
      const data = [...whole.data].map(([id, d]): [string, CellData] => {
        const once = /-[135]$/.test(id);
        return [id, once ? { ...d, visits: d.visits.slice(0, 1), totalsMs: d.totalsMs.slice(0, 1) } : d];
      });
      const study = { ...whole, data: new Map(data) };
      return [one, many].map((cells) => intervalOf(centreOver(study, cells, "mean")));
    });
    const of = (i: number) => intervals.map((pair) => pair[i] ?? null);
    const mean = many.reduce((sum, c) => sum + truthMs(c.id) / many.length, 0);
    expect(coverageOf(of(0), Math.log(truthMs(one[0]?.id ?? "")))).toBeGreaterThan(0.92);
    expect(coverageOf(of(1), Math.log(mean))).toBeGreaterThan(0.92);
    const halves = of(0).map((i) => (i === null ? Infinity : (i.high - i.low) / 2));
    expect(halves.sort((a, b) => a - b)[150]).toBeLessThan(0.13);
  });
});
