import { describe, expect, it } from "vitest";
import { type ModelSpec, crossed, makeDesign } from "./design.ts";
import { type Observation, fitEffects, jointInterval, ratioOfContrast } from "./effects.ts";
import { type Random, random } from "./random.ts";
import { studentQuantile } from "./special.ts";
import { coverageOf } from "./testing.ts";

/** Cell, round, log of the median: two models, two clients, three images; cells with one, two, three and four visits. */
const ROWS = [
  ["rfcn grpc image-1", 0, 3.1001],
  ["rfcn grpc image-1", 1, 3.1739],
  ["rfcn grpc image-1", 2, 3.1781],
  ["rfcn grpc image-1", 3, 3.1788],
  ["rfcn grpc image-2", 0, 3.1636],
  ["rfcn grpc image-2", 1, 3.1707],
  ["rfcn grpc image-2", 2, 3.3048],
  ["rfcn grpc image-2", 3, 3.4572],
  ["rfcn grpc image-3", 0, 3.2606],
  ["rfcn grpc image-3", 1, 3.3004],
  ["rfcn grpc image-3", 2, 3.4392],
  ["rfcn grpc image-3", 3, 3.4786],
  ["rfcn rest image-1", 0, 3.1684],
  ["rfcn rest image-1", 1, 3.1356],
  ["rfcn rest image-1", 2, 3.2577],
  ["rfcn rest image-1", 3, 3.3656],
  ["rfcn rest image-2", 0, 3.1525],
  ["rfcn rest image-2", 1, 3.2734],
  ["rfcn rest image-2", 2, 3.2079],
  ["rfcn rest image-2", 3, 3.3068],
  ["rfcn rest image-3", 0, 3.2127],
  ["rfcn rest image-3", 1, 3.3912],
  ["rfcn rest image-3", 2, 3.3586],
  ["ssd grpc image-1", 0, 1.1217],
  ["ssd grpc image-1", 1, 1.1625],
  ["ssd grpc image-2", 0, 1.185],
  ["ssd grpc image-2", 1, 1.0487],
  ["ssd grpc image-3", 0, 1.2569],
  ["ssd grpc image-3", 1, 1.3461],
  ["ssd rest image-1", 0, 1.5091],
  ["ssd rest image-1", 1, 1.4276],
  ["ssd rest image-2", 0, 1.5618],
  ["ssd rest image-2", 1, 1.5717],
  ["ssd rest image-3", 0, 1.6353],
] as [string, number, number][];

function observation([cell, round, logMs]: readonly [string, number, number]): Observation {
  const [model = "", client = "", image = ""] = cell.split(" ");
  return { cell, round, logMs, levels: { model, client, image } };
}

const SPEC: ModelSpec = { factors: ["client", "model", "image"], interactions: [["model", "client"]] };

/*
 * Expected values: statsmodels 0.15.0, numpy 2.4.6, on ROWS as a data frame with w = 1 / (visits of the cell):
 *   fit = smf.wls("y ~ C(client, Sum) + C(model, Sum) + C(image, Sum) + C(model, Sum):C(client, Sum) + C(round)", d, weights=d.w).fit()
 * The noise: residuals e of smf.wls("y ~ C(cell) + C(round)", d, weights=d.w), each over the root of 1 - 1/v, v = visits of
 * the cell. With p the row of 2 (X'WX)^-1 X'W for the model's coefficient, q = sum of p² in each round: the standard error is
 * the root of the sum over rounds of (sum of p e)², and over visits that are their cell's only one of (p times the root mean
 * square of e)²; degrees of freedom (sum q)² / sum q² - 1.
 */
const EXPECTED = {
  grpc: -0.09516692584453607,
  rfcn: 0.9173710507152719,
  image1: -0.07215859251120241,
  image2: -0.023952342511203,
  rfcnGrpc: 0.09152966412444033,
  restOverGrpcAtSsd: 0.3733931799379528,
  noise: 0.0588091465246354,
  seOfLogRfcnOverSsd: 0.035984223818327186,
  df: 0.9754008234306741,
};

describe("the model of log latency", () => {
  const fit = fitEffects(ROWS.map(observation), SPEC, { seed: 1, draws: 20_000 });
  if (fit === undefined) throw new Error("no fit");

  it("has the coefficients that statsmodels gives", () => {
    const { grpc, rfcn, image1, image2, rfcnGrpc } = EXPECTED;
    expect(fit.coefficients).toHaveLength(5);
    [grpc, rfcn, image1, image2, rfcnGrpc].forEach((e, i) => expect(fit.coefficients[i]).toBeCloseTo(e, 11));
  });

  it("has effects averaged over the other factors, and at one level of another", () => {
    expect(fit.contrast({ model: "rfcn" }, { model: "ssd" }).log).toBeCloseTo(2 * EXPECTED.rfcn, 11);
    expect(fit.contrast({ client: "rest" }, { client: "grpc" }).log).toBeCloseTo(-2 * EXPECTED.grpc, 11);
    const atSsd = fit.contrast({ client: "rest", model: "ssd" }, { client: "grpc", model: "ssd" });
    expect(atSsd.log).toBeCloseTo(EXPECTED.restOverGrpcAtSsd, 11);
  });

  it("has the noise and the standard error that numpy gives, and draws that spread by it", () => {
    expect(fit.noise).toBeCloseTo(EXPECTED.noise, 9);
    const { draws, log } = fit.contrast({ model: "rfcn" }, { model: "ssd" });
    const sd = Math.sqrt(draws.reduce((sum, d) => sum + (d - log) ** 2, 0) / draws.length);
    expect(sd / EXPECTED.seOfLogRfcnOverSsd).toBeCloseTo(1, 1.5);
    const { df, interval } = fit.contrast({ model: "rfcn" }, { model: "ssd" });
    expect(df).toBeCloseTo(EXPECTED.df, 9);
    const half = studentQuantile(0.975, df) * EXPECTED.seOfLogRfcnOverSsd;
    expect(interval?.high).toBeCloseTo(log + half, 9);
  });

  it("says how much of the differences between cells it explains", () => {
    expect(fit.explained).toBeGreaterThan(0.99);
    expect(fit.explained).toBeLessThan(1);
  });

  it("gives effects but no interval where nothing was measured twice", () => {
    const once = fitEffects(ROWS.filter(([, round]) => round === 0).map(observation), SPEC, { seed: 1 });
    const contrast = once?.contrast({ model: "rfcn" }, { model: "ssd" });
    expect(contrast && ratioOfContrast(contrast)).toMatchObject({
      ratio: expect.closeTo(6.3, 0) as number,
      interval: null,
    });
    expect(contrast && jointInterval([contrast], ([a = NaN]) => a)).toBeNull();
  });

  it("is not there where two factors always change together", () => {
    const aliased = ROWS.map(observation).map((o) => ({
      ...o,
      levels: { ...o.levels, place: o.levels["model"] ?? "" },
    }));
    expect(fitEffects(aliased, { factors: ["model", "place"], interactions: [] }, { seed: 1 })).toBeUndefined();
    const levels = aliased.map((o) => o.levels);
    expect(crossed(levels, "model", "place")).toBe(false);
    expect(crossed(levels, "model", "client")).toBe(true);
  });
});

describe("a design", () => {
  it("leaves out factors that do not vary, and their interactions", () => {
    const cells = [
      { a: "1", b: "x" },
      { a: "2", b: "x" },
    ];
    const design = makeDesign(cells, { factors: ["a", "b"], interactions: [["a", "b"]] });
    expect(design.spec).toEqual({ factors: ["a"], interactions: [] });
    expect(design.width).toBe(1);
  });
});

/*
 * Truth known. Each cell's log latency has effects of model, client, image, an interaction in the model and one (model x
 * image) that the model does not have; each round shifts all cells alike; each visit has noise of its own, more of it on
 * rest. The slow model is visited twice as often. 400 trials: two Monte-Carlo errors of .95 are .022.
 */
describe("effects' 95 % intervals cover the truth as often as they say", () => {
  const truth = (model: string, client: string, image: number) =>
    (model === "rfcn" ? 3.7 : 0) +
    (client === "rest" ? (model === "rfcn" ? 0.05 : 0.9) : 0) +
    0.1 * image +
    (model === "ssd" && image === 2 ? 0.2 : 0);

  function run(stream: Random, rounds: number): Observation[] {
    const shifts = Array.from({ length: rounds }, () => 0.1 * stream.normal());
    return ["rfcn", "ssd"].flatMap((model) =>
      ["grpc", "rest"].flatMap((client) =>
        [0, 1, 2].flatMap((image) =>
          Array.from({ length: model === "rfcn" ? rounds : rounds / 2 }, (_, round): Observation => {
            const noise = (client === "rest" ? 0.08 : 0.03) * stream.normal();
            return {
              cell: `${model} ${client} ${image}`,
              round,
              logMs: truth(model, client, image) + (shifts[round] as number) + noise,
              levels: { model, client, image: `image-${image}` },
            };
          }),
        ),
      ),
    );
  }

  for (const rounds of [4, 12]) {
    it(`with ${rounds} rounds`, () => {
      const stream = random(rounds);
      const fits = Array.from({ length: 400 }, (_, i) =>
        fitEffects(run(stream, rounds), SPEC, { seed: i, draws: 400 }),
      );
      const intervals = (f: (fit: NonNullable<(typeof fits)[number]>) => ReturnType<typeof jointInterval>) =>
        fits.map((fit) => (fit === undefined ? null : f(fit)));
      const rest = intervals((f) => f.contrast({ client: "rest" }, { client: "grpc" }).interval);
      expect(coverageOf(rest, (0.05 + 0.9) / 2)).toSatisfy(nominal);
      const atRfcn = intervals(
        (f) => f.contrast({ client: "rest", model: "rfcn" }, { client: "grpc", model: "rfcn" }).interval,
      );
      expect(coverageOf(atRfcn, 0.05)).toSatisfy(nominal);
      const joint = intervals((f) =>
        jointInterval(
          [f.contrast({ image: "image-1" }, { image: "image-0" }), f.contrast({ client: "rest" }, { client: "grpc" })],
          ([image = NaN, client = NaN]) => Math.abs(client) - Math.abs(image),
        ),
      );
      expect(coverageOf(joint, 0.475 - 0.1)).toSatisfy(nominal);
      // The model's effect is measured across rounds that only one of the models has seen in part.
      const model = intervals((f) => f.contrast({ model: "rfcn" }, { model: "ssd" }).interval);
      expect(coverageOf(model, 3.7 - 0.85 / 2 - 0.2 / 3)).toSatisfy(nominal);
    });
  }
});

describe("an effect of the place", () => {
  // Each server machine has a good or a bad round of its own, for all of its cells: 24 cells are no 24 observations.
  it("has an interval that knows of rounds in which one machine was slow", () => {
    const stream = random(77);
    const intervals = Array.from({ length: 400 }, () => {
      const observations = Array.from({ length: 6 }, (_, round) =>
        ["client", "cloud", "edge"].flatMap((place) => {
          const shift = 0.05 * stream.normal();
          return Array.from({ length: 8 }, (_, image): Observation => ({
            cell: `${place} ${image}`,
            round,
            logMs: (place === "edge" ? 0.5 : 0) + 0.1 * image + shift + 0.02 * stream.normal(),
            levels: { place, image: String(image) },
          }));
        }),
      ).flat();
      const fit = fitEffects(observations, { factors: ["place", "image"], interactions: [] }, { seed: 1, draws: 10 });
      return fit?.contrast({ place: "edge" }, { place: "client" }).interval ?? null;
    });
    expect(coverageOf(intervals, 0.5)).toSatisfy(nominal);
  });
});

function nominal(coverage: number): boolean {
  return coverage >= 0.92 && coverage <= 0.985;
}
