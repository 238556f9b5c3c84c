import { describe, expect, it } from "vitest";
import type { ModelSpec } from "./design.ts";
import { fitEffects } from "./effects.ts";
import type { Interval } from "../math/estimate.ts";
import { noiseOf } from "./noise.ts";
import { median } from "../math/quantile.ts";
import { type Random, random } from "../math/random.ts";
import { type Observation, regress, setAside } from "./regression.ts";
import { screenOnce } from "./screening.ts";
import { coverageOf } from "../../testing/studies.ts";

const SPEC: ModelSpec = { factors: ["client", "placement", "image"], interactions: [["client", "placement"]] };

/** 24 cells, every third visited twice; cells 7 and 10 have an outlier. */
function small(): Observation[] {
  let k = 0;
  const observation = (round: number, levels: Record<string, string>, value: number): Observation => ({
    ...{ cell: String(k), round, machine: levels["placement"] ?? "", alike: ["m"], levels, value },
  });
  return ["a", "b", "c"].flatMap((placement, p) =>
    ["grpc", "rest"].flatMap((client, c) =>
      [0, 1, 2, 3].flatMap((image) => {
        const levels = { placement, client, image: String(image) };
        const y = 0.5 * p + 0.2 * c + 0.1 * image;
        const shift = k === 7 ? 1.5 : k === 10 ? -0.8 : 0;
        const visits = [observation(0, levels, y + 0.03 * Math.sin(7 * k + 1) + shift)];
        if (k % 3 === 0) visits.push(observation(1, levels, y + 0.05 + 0.03 * Math.sin(5 * k + 2)));
        k += 1;
        return visits;
      }),
    ),
  );
}

/*
 * Expected values: statsmodels 0.15.0, numpy 2.4.6, on the same as a data frame with w = 1 / (visits of the cell), s7 and s10
 * being 1 for the one visit of cell 7, of cell 10:
 *   f = "y ~ C(client, Sum) + C(placement, Sum) + C(image, Sum) + C(client, Sum):C(placement, Sum) + C(round)"
 *   smf.wls(f + " + s7 + s10", d, weights=d.w).fit(); the share: 1 - hat_matrix_diag of cell 10 in the fit with s7 alone
 */
const EXPECTED = {
  shifts: { s7: 1.5132246990104408, s10: -0.7809120213329295 },
  grpc: -0.08569145322084215,
  placeA: -0.5007068110683861,
  residuals: { first: 0.007243873925413313, sixth: -0.04383752867877705 },
  share: 0.6180017226528858,
  residualBefore: -0.48260497442409755,
};

describe("a fit without outliers", () => {
  const observations = small();
  const fit = regress(observations, SPEC);
  if (fit === undefined) throw new Error("no fit");
  const [seven, ten] = ["7", "10"].map((cell) => observations.findIndex((o) => o.cell === cell)) as [number, number];

  it("is the one that statsmodels gives with a parameter for each of them", () => {
    const out = setAside(fit, [seven, ten]);
    const [s7, s10] = out?.shifts ?? [];
    expect(s7).toBeCloseTo(EXPECTED.shifts.s7, 11);
    expect(s10).toBeCloseTo(EXPECTED.shifts.s10, 11);
    expect(out?.coefficients[0]).toBeCloseTo(EXPECTED.grpc, 11);
    expect(out?.coefficients[1]).toBeCloseTo(EXPECTED.placeA, 11);
    expect(out?.residuals[0]).toBeCloseTo(EXPECTED.residuals.first, 11);
    expect(out?.residuals[5]).toBeCloseTo(EXPECTED.residuals.sixth, 11);
    const one = setAside(fit, [seven]);
    expect(one?.freedom(ten, fit.residualRow(ten))).toBeCloseTo(EXPECTED.share, 11);
    expect(one?.residuals[ten]).toBeCloseTo(EXPECTED.residualBefore, 11);
  });

  it("moves with nothing of what is set aside", () => {
    const out = setAside(fit, [seven, ten]);
    const pull = out?.adjust(fit.pull(Float64Array.of(-2, 0, 0, 0, 0, 0, 0, 0)));
    expect(pull?.[seven]).toBeCloseTo(0, 12);
    expect(pull?.[ten]).toBeCloseTo(0, 12);
    const sum = pull?.reduce((acc, p, i) => acc + p * (observations[i]?.value ?? NaN), 0);
    expect(sum).toBeCloseTo(-2 * EXPECTED.grpc, 11);
  });

  it("finds both and no other", () => {
    const { outliers, untested } = screenOnce(observations, SPEC, noiseOf(observations, { swept: true }));
    expect([...outliers.keys()]).toEqual(["7", "10"]);
    expect(outliers.get("7")).toBeCloseTo(Math.exp(EXPECTED.shifts.s7), 9);
    expect(untested.size).toBe(0);
  });

  it("tests nothing where too few cells are left to tell, and gives no interval that rests on it", () => {
    const few = observations.filter((o) => o.levels["image"] === "0");
    const spec: ModelSpec = { factors: ["client", "placement"], interactions: [] };
    const screening = screenOnce(few, spec, noiseOf(few, { swept: true }));
    expect(screening.untested.size).toBeGreaterThan(0);
    const shown = fitEffects(few, spec)?.contrast({ client: "rest" }, { client: "grpc" });
    const withheld = fitEffects(few, spec, { screening })?.contrast({ client: "rest" }, { client: "grpc" });
    expect(shown?.interval).not.toBeNull();
    expect(withheld?.interval).toBeNull();
    expect(withheld?.log).toBe(shown?.log);
  });
});

/*
 * A slow model under a short budget: five placements, two clients, ten images, 42 of 100 cells visited twice. A visit's noise is
 * 2 % and a cell's own misfit (which no term of the model knows) 2 %; the truth of an effect is the average over exactly
 * these cells. 150 trials: two Monte-Carlo errors of .95 are .036.
 */
describe("outliers among cells visited once", () => {
  const TRIALS = 150;
  const spec: ModelSpec = {
    factors: ["client", "placement", "image"],
    interactions: [
      ["client", "placement"],
      ["client", "image"],
    ],
  };
  const placements = ["client → client", "cloud → cloud", "edge → edge", "client → cloud", "client → edge"];

  function trial(stream: Random, factor: number, many = 1) {
    let truth = 0;
    let placement = 0;
    const rounds = [0, 1].map(() => new Map(["client", "cloud", "edge"].map((m) => [m, 0.01 * stream.normal()])));
    const observations = placements.flatMap((where, p) =>
      ["grpc", "rest"].flatMap((client, c) =>
        Array.from({ length: 10 }, (_, image) => {
          const level = 7 + 0.3 * p + 0.018 * c + 0.02 * image + 0.02 * stream.normal();
          truth += (c === 1 ? level : -level) / 50;
          placement += p === 4 ? level / 20 : p === 0 ? -level / 20 : 0;
          const machine = where.split(" → ").at(-1) ?? "";
          const cell = `${where} ${client} ${image}`;
          const levels = { client, placement: where, image: String(image) };
          return rounds.flatMap((shift, round): Observation[] =>
            round === 1 && stream.uniform() > 0.42
              ? []
              : [
                  {
                    ...{ cell, round, machine, alike: [`m ${client}`, "m"], levels },
                    value: level + (shift.get(machine) ?? 0) + 0.02 * stream.normal(),
                  },
                ],
          );
        }).flat(),
      ),
    );
    const count = Map.groupBy(observations, (o) => o.cell);
    const once = [...count.values()].filter((v) => v.length === 1).map(([o]) => o?.cell);
    const outliers = new Set(Array.from({ length: many }, (_, i) => once[(7 + 13 * i) % once.length] ?? ""));
    const measured = observations.map((o) => (outliers.has(o.cell) ? { ...o, value: o.value + Math.log(factor) } : o));
    const noise = noiseOf(measured, { swept: true });
    const screening = screenOnce(measured, spec, noise);
    const fit = fitEffects(measured, spec, { noise, screening });
    const plain = fitEffects(measured, spec, { noise });
    return { fit, plain, rest: truth, placement, outliers, screening };
  }

  const rest = (f: ReturnType<typeof fitEffects>) => f?.contrast({ client: "rest" }, { client: "grpc" }).interval;

  for (const [factor, many] of [
    [1, 1],
    [1.4, 1],
    [10, 1],
    [1000, 5],
  ] as const)
    it(`${factor} times as long, in ${many} of them: intervals keep the truth, and their width`, () => {
      const stream = random(17);
      const trials = Array.from({ length: TRIALS }, () => trial(stream, factor, many));
      const share = (is: (t: (typeof trials)[number]) => boolean) => trials.filter(is).length / TRIALS;
      const holds = (interval: Interval | null | undefined, truth: number) =>
        coverageOf([interval ?? null], truth) === 1;
      const placement = [{ placement: "client → edge" }, { placement: "client → client" }] as const;
      expect(share((t) => holds(rest(t.fit), t.rest))).toBeGreaterThan(0.9);
      expect(share((t) => holds(t.fit?.contrast(...placement).interval, t.placement))).toBeGreaterThan(0.9);
      const width = (t: (typeof trials)[number]) => {
        const { low, high } = rest(t.fit) ?? { low: -Infinity, high: Infinity };
        return high - low;
      };
      expect(median(trials.map(width))).toBeLessThan(0.018);
      // A fit that does not know of it is the fault that this is for.
      if (factor > 2) expect(share((t) => holds(rest(t.plain), t.rest))).toBeLessThan(0.1);
      if (factor > 1)
        expect(share((t) => [...t.outliers].every((c) => t.screening.outliers.has(c)))).toBeGreaterThan(0.9);
      expect(
        share((t) => [...t.screening.outliers.keys()].some((c) => factor === 1 || !t.outliers.has(c))),
      ).toBeLessThan(0.15);
    });
});
