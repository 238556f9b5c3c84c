import { describe, expect, it } from "vitest";
import { type ModelSpec, crossed, makeDesign } from "./design.ts";
import { jointInterval, ratioOfContrast } from "./contrast.ts";
import { fitEffects } from "./effects.ts";
import type { Observation } from "./regression.ts";
import { noiseOf } from "./noise.ts";
import { type Random, random } from "../math/random.ts";
import { screenOnce } from "./screening.ts";
import { studentQuantile } from "../math/special.ts";
import { coverageOf } from "../../testing/studies.ts";

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

function observation([cell, round, value]: readonly [string, number, number]): Observation {
  const [model = "", client = "", image = ""] = cell.split(" ");
  const machine = image === "image-1" ? "a" : "b";
  return { cell, round, machine, alike: [`${model} ${client}`, model], value, levels: { model, client, image } };
}

/** The same with a bad time of machine a, in round 1. */
const SLOWED = ROWS.map(observation).map((o) =>
  o.machine === "a" && o.round === 1 ? { ...o, value: o.value + 0.15 } : o,
);

const SPEC: ModelSpec = { factors: ["client", "model", "image"], interactions: [["model", "client"]] };

/*
 * Expected values: statsmodels 0.15.0, numpy 2.4.6, on ROWS as a data frame with w = 1 / (visits of the cell):
 *   fit = smf.wls("y ~ C(client, Sum) + C(model, Sum) + C(image, Sum) + C(model, Sum):C(client, Sum) + C(round)", d, weights=d.w).fit()
 * The noise: numpy 2.4.6 on SLOWED. M0 and M1 project away from cells and rounds, and from cells and rounds of each
 * machine, on the cells with two visits and more; Z has a column for each round of each machine. Own variance: y'M1y / tr M1;
 * shared: (y'(M0 - M1)y / tr(M0 - M1) less own) / n0, n0 = tr(Z'M0Z) / tr(M0 - M1). Groups: squares of M1y over their share of
 * tr M1. With p the row of X(X'WX)^-1 X'W for the contrast: squared standard error = sum of p² own(group) + shared x sum over
 * machines and rounds of (sum of p)²; degrees of freedom after Satterthwaite, as `varianceOf` says.
 */
const EXPECTED = {
  grpc: -0.09516692584453607,
  rfcn: 0.9173710507152719,
  image1: -0.07215859251120241,
  image2: -0.023952342511203,
  rfcnGrpc: 0.09152966412444033,
  restOverGrpcAtSsd: 0.3733931799379528,
  noise: 0.06510101697133777,
  rfcnOverSsd: { log: 1.829835649027559, se: 0.0303750384457284, df: 8.06058211145128 },
  image1Over2: { log: 0.008043749999999286, se: 0.04656614706315895, df: 3.6567634959956026 },
};

describe("the model of log latency", () => {
  const fit = fitEffects(ROWS.map(observation), SPEC);
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

  it("has the noise, the standard errors and the degrees of freedom that numpy gives", () => {
    const slowed = fitEffects(SLOWED, SPEC);
    expect(slowed?.noise).toBeCloseTo(EXPECTED.noise, 9);
    for (const [contrast, expected] of [
      [slowed?.contrast({ model: "rfcn" }, { model: "ssd" }), EXPECTED.rfcnOverSsd],
      [slowed?.contrast({ image: "image-1" }, { image: "image-2" }), EXPECTED.image1Over2],
    ] as const) {
      expect(contrast?.log).toBeCloseTo(expected.log, 9);
      expect(contrast?.df).toBeCloseTo(expected.df, 7);
      const half = studentQuantile(0.975, expected.df) * expected.se;
      expect(contrast?.interval?.high).toBeCloseTo(expected.log + half, 9);
    }
  });

  it("draws several effects together, as far as they go together", () => {
    const [model, client] = [
      fit.contrast({ model: "rfcn" }, { model: "ssd" }),
      fit.contrast({ client: "rest" }, { client: "grpc" }),
    ];
    const width = (i: ReturnType<typeof jointInterval>) => (i === null ? NaN : i.high - i.low);
    const alone = jointInterval([model], ([a = NaN]) => a);
    expect(width(alone) / width(model.interval)).toBeCloseTo(1, 0.6);
    expect(width(jointInterval([model, model], ([a = NaN, b = NaN]) => a - b))).toBeCloseTo(0, 6);
    const sum = width(jointInterval([model, client], ([a = NaN, b = NaN]) => a + b));
    // Of two factors with two levels each, the interaction counts as much in both of these.
    const other = fit.contrast({ model: "rfcn", client: "rest" }, { model: "ssd", client: "grpc" });
    expect(sum / width(other.interval)).toBeCloseTo(1, 0.6);
  });

  it("says how much of the differences between cells it explains", () => {
    expect(fit.explained).toBeGreaterThan(0.99);
    expect(fit.explained).toBeLessThan(1);
  });

  it("gives effects but no interval where nothing was measured twice", () => {
    const once = fitEffects(ROWS.filter(([, round]) => round === 0).map(observation), SPEC);
    const contrast = once?.contrast({ model: "rfcn" }, { model: "ssd" });
    expect(contrast && ratioOfContrast(contrast)).toMatchObject({
      ratio: expect.closeTo(6.3, 0) as number,
      interval: null,
    });
    expect(contrast && jointInterval([contrast], ([a = NaN]) => a)).toBeNull();
  });

  it("gives no interval that says nothing", () => {
    // Noise far larger than any effect, seen by three degrees of freedom.
    const visited = ROWS.filter(([cell, round]) => round < 2 && (round === 0 || /image-1/.test(cell))).map(observation);
    const fitted = fitEffects(
      visited.map((o) => (o.round === 1 && o.cell === "rfcn grpc image-1" ? { ...o, value: o.value + 20 } : o)),
      SPEC,
    );
    expect(fitted?.noise).toBeGreaterThan(1);
    const contrast = fitted?.contrast({ model: "rfcn" }, { model: "ssd" });
    expect(contrast).toMatchObject({ interval: null, df: 0 });
    expect(contrast && jointInterval([contrast], ([a = NaN]) => a)).toBeNull();
  });

  it("is not there where two factors always change together", () => {
    const aliased = ROWS.map(observation).map((o) => ({
      ...o,
      levels: { ...o.levels, placement: o.levels["model"] ?? "" },
    }));
    expect(fitEffects(aliased, { factors: ["model", "placement"], interactions: [] })).toBeUndefined();
    const levels = aliased.map((o) => o.levels);
    expect(crossed(levels, "model", "placement")).toBe(false);
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
              machine: "edge",
              alike: [`${model} ${client}`, model],
              value: truth(model, client, image) + (shifts[round] as number) + noise,
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
      const fits = Array.from({ length: 400 }, () => fitEffects(run(stream, rounds), SPEC));
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

describe("an effect of the placement", () => {
  // Each server machine has a good or a bad round of its own, for all of its cells: 24 cells are no 24 observations.
  it("has an interval that knows of rounds in which one machine was slow", () => {
    const stream = random(77);
    const fits = Array.from({ length: 400 }, () => {
      const observations = Array.from({ length: 6 }, (_, round) =>
        ["client", "cloud", "edge"].flatMap((placement) => {
          const shift = 0.05 * stream.normal();
          return Array.from({ length: 8 }, (_, image): Observation => ({
            cell: `${placement} ${image}`,
            round,
            machine: placement,
            alike: [],
            value: (placement === "edge" ? 0.5 : 0) + 0.1 * image + shift + 0.02 * stream.normal(),
            levels: { placement, image: String(image) },
          }));
        }),
      ).flat();
      return fitEffects(observations, { factors: ["placement", "image"], interactions: [] });
    });
    const effects = fits.map((f) => f?.contrast({ placement: "edge" }, { placement: "client" }).interval ?? null);
    expect(coverageOf(effects, 0.5)).toSatisfy(nominal);
    const levels = fits.map((f) => f?.level({ placement: "edge" }).interval ?? null);
    expect(coverageOf(levels, 0.5 + 0.35)).toSatisfy(nominal);
  });
});

describe("an average over combinations of which some were not measured", () => {
  // Each cell has a misfit of its own (10 %) that no term of the model knows; visits are ten times as precise.
  it("has an interval that knows how far the model can be trusted to predict them", () => {
    const stream = random(31);
    const spec: ModelSpec = { factors: ["placement", "client", "image"], interactions: [["placement", "client"]] };
    const run = (share: number) => {
      let truth = 0;
      const observations = ["client", "cloud", "edge"].flatMap((placement) =>
        ["grpc", "rest"].flatMap((client) =>
          Array.from({ length: 10 }, (_, image) => {
            const level = 0.2 * image + (client === "rest" ? 0.3 : 0) + 0.1 * stream.normal();
            if (placement === "cloud") truth += client === "rest" ? level / 10 : -level / 10;
            const missing = stream.uniform() < share;
            return (missing ? [] : [0, 1, 2]).map((round): Observation => ({
              ...{ cell: `${placement} ${client} ${image}`, round, machine: placement, alike: ["m"] },
              value: level + 0.01 * stream.normal(),
              levels: { placement, client, image: String(image) },
            }));
          }).flat(),
        ),
      );
      const fit = fitEffects(observations, spec);
      const { interval } =
        fit?.contrast({ client: "rest", placement: "cloud" }, { client: "grpc", placement: "cloud" }) ?? {};
      return {
        missing: fit?.missing ?? 0,
        interval: interval ? { low: interval.low - truth, high: interval.high - truth } : null,
      };
    };
    const some = Array.from({ length: 300 }, () => run(0.2));
    expect(some.reduce((sum, r) => sum + r.missing, 0) / 300).toBeCloseTo(12, 0);
    expect(
      coverageOf(
        some.map((r) => r.interval),
        0,
      ),
    ).toSatisfy(nominal);
    const none = run(0);
    expect(none.missing).toBe(0);
    expect(none.interval?.high).toBeLessThan(0.02);
  });
});

/*
 * A short budget: two rounds, of which the second visits all cells of the quick model and some of the slow one's. Each machine
 * has good and bad rounds of its own (3 %), and so has the whole run (5 %). 300 trials: two Monte-Carlo errors of .95 are .025.
 */
describe("two rounds, the slow model's second one cut short", () => {
  const placements = [
    ["client → client", "client"],
    ["client → cloud", "cloud"],
    ["client → edge", "edge"],
    ["edge → edge", "edge"],
  ] as const;
  const spec: ModelSpec = {
    factors: ["client", "model", "placement", "image"],
    interactions: [
      ["client", "model"],
      ["model", "placement"],
    ],
  };
  const truth = { client: 0.3, placement: 0.5, model: 3 };

  function run(stream: Random, world: { drift: number; slowNoise: number; again: number }): Observation[] {
    return [0, 1].flatMap((round) => {
      const whole = 0.05 * stream.normal();
      const own = new Map(["client", "cloud", "edge"].map((m) => [m, world.drift * stream.normal()]));
      return ["rfcn", "ssd"].flatMap((model) =>
        ["grpc", "rest"].flatMap((client) =>
          placements.flatMap(([placement, machine]) =>
            [0, 1, 2].flatMap((image): Observation[] => {
              if (round === 1 && model === "rfcn" && !(stream.uniform() < world.again)) return [];
              const value =
                (model === "rfcn" ? truth.model : 0) +
                (client === "rest" ? truth.client : 0) +
                (placement === "client → edge" ? truth.placement : 0) +
                whole +
                (own.get(machine) ?? 0) +
                (model === "rfcn" ? world.slowNoise : 0.02) * stream.normal();
              const cell = `${model} ${client} ${placement} ${image}`;
              const levels = { model, client, placement, image: String(image) };
              return [{ cell, round, machine, alike: [`${model} ${client}`, model], levels, value }];
            }),
          ),
        ),
      );
    });
  }

  const QUESTIONS = {
    client: [{ client: "rest" }, { client: "grpc" }, truth.client],
    "client at rfcn": [{ client: "rest", model: "rfcn" }, { client: "grpc", model: "rfcn" }, truth.client],
    model: [{ model: "rfcn" }, { model: "ssd" }, truth.model],
    placement: [{ placement: "client → edge" }, { placement: "client → client" }, truth.placement],
    "same machine": [{ placement: "client → edge" }, { placement: "edge → edge" }, truth.placement],
  } as const;

  for (const [name, world] of [
    ["every cell twice", { drift: 0.03, slowNoise: 0.02, again: 1 }],
    ["half of the slow cells once", { drift: 0.03, slowNoise: 0.02, again: 0.5 }],
    ["half of the slow cells once, and those three times as noisy", { drift: 0.03, slowNoise: 0.06, again: 0.5 }],
    ["each of the slow cells once", { drift: 0.03, slowNoise: 0.02, again: 0 }],
  ] as const)
    it(`${name}: intervals cover the truth and are of use`, () => {
      const stream = random(5);
      // As a report does it, the screening of cells visited once included: there is nothing for it to find.
      const fits = Array.from({ length: 300 }, () => {
        const observations = run(stream, world);
        const noise = noiseOf(observations, { swept: true });
        const screened = ["rfcn", "ssd"].map((model) =>
          screenOnce(
            observations.filter((o) => o.levels["model"] === model),
            spec,
            noise,
          ),
        );
        const outliers = new Map(screened.flatMap((s) => [...s.outliers]));
        const untested = new Set(screened.flatMap((s) => [...s.untested]));
        return fitEffects(observations, spec, { noise, screening: { outliers, untested } });
      });
      expect(fits.filter((f) => f?.outliers.length !== 0).length / 300).toBeLessThan(0.15);
      for (const [question, [over, under, log]] of Object.entries(QUESTIONS)) {
        const intervals = fits.map((f) => f?.contrast(over, under).interval ?? null);
        expect(coverageOf(intervals, log), question).toSatisfy(nominal);
        const halves = intervals.map((i) => (i === null ? Infinity : (i.high - i.low) / 2)).sort((a, b) => a - b);
        const [low, typical, high] = [30, 150, 270].map((at) => halves[at] as number) as [number, number, number];
        // Three machines in two rounds leave two degrees of freedom to tell them apart by: that one varies.
        if (question === "placement") expect(high, question).toBeLessThan(0.3);
        else expect(high / low, question).toBeLessThan(2);
        expect(typical, question).toBeLessThan(question === "placement" ? 0.15 : world.slowNoise);
      }
    });
});

function nominal(coverage: number): boolean {
  return coverage >= 0.92 && coverage <= 0.985;
}
