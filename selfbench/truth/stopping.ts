import { DEFAULT_LIMITS } from "../../bench/matrix/limits.ts";
import { NoiseBook, enough } from "../../bench/schedule/precision.ts";
import { cellCentres } from "../../bench/stats/cells/cell-intervals.ts";
import { dataOf } from "../../bench/testing/studies.ts";
import { type Scenario, truths } from "./scenario.ts";
import { holds } from "./score.ts";
import { type World, manifestFor, runOf, worldOf } from "./world.ts";

/** A scenario of twenty cells, each on a machine of its own, measured until the stopping rule ends them. */
function stopping(name: string, visit: World["visit"], call: World["call"], more: Partial<World> = {}): Scenario {
  const world = worldOf({
    placements: Array.from({ length: 20 }, (_, i) => [`m${i}`, `m${i}`] as const),
    ...{ models: ["ssd-mobilenet"], images: 1, log: () => Math.log(20), visit, call, round: 0, machine: 0, ...more },
    calls: () => 10,
  });
  const limits = { ...DEFAULT_LIMITS, requests: 300 };
  return {
    name: `stopping at a precision of 2 %, ${name}`,
    share: 0.3,
    figures: [{ table: 2, name: "cell median of those that ended as precise", promised: [0.92, 1] }],
    prepare() {
      const manifest = { ...manifestFor(world) };
      const cells = manifest.cells.filter((c) => c.client === "probe");
      const truth = truths(world);
      return (stream) => {
        const whole = runOf(world, stream, { rounds: limits.requests / 10 }, { ...manifest, cells });
        const book = new NoiseBook();
        const visits = new Map(cells.map((c) => [c.id, [] as number[][]]));
        const ended = new Map<string, string>();
        for (let round = 0; ended.size < cells.length; round++)
          for (const { id } of cells) {
            if (ended.has(id)) continue;
            const calls = [...(whole.data.get(id)?.totalsMs.subarray(10 * round, 10 * (round + 1)) ?? [])];
            visits.get(id)?.push(calls);
            book.visited(id, "", calls);
            const reason = enough(visits.get(id) ?? [], limits, book.of(""));
            if (reason !== undefined) ended.set(id, reason);
          }
        const study = { ...whole, data: new Map([...visits].map(([id, own]) => [id, dataOf(id, own)])) };
        const centres = cellCentres(study, "median");
        const precise = cells.filter((c) => ended.get(c.id) === "precision");
        return [
          holds(
            precise.map((c) => {
              const interval = centres.get(c.id)?.interval ?? null;
              const at = world.log(c) + truth(c).logMedian;
              return [interval && { low: Math.log(interval.low), high: Math.log(interval.high) }, at] as const;
            }),
          ),
        ];
      };
    },
  };
}

export const precise: readonly Scenario[] = [
  ...[0.01, 0.02, 0.03, 0.05].map((sd) =>
    stopping(
      `visits vary by ${100 * sd} %`,
      () => ({ sd }),
      () => ({ sd: 0.02 }),
    ),
  ),
  stopping(
    "visits of two speeds (30 %, +20 %)",
    () => ({ sd: 0.005, mode: { share: 0.3, factor: 1.2 } }),
    () => ({ sd: 0.01 }),
  ),
  stopping(
    "a machine's noise lasts (.5, 2 %)",
    () => ({ sd: 0.003 }),
    () => ({ sd: 0.02 }),
    { machineLasts: { sd: 0.02, next: 0.5 } },
  ),
];
