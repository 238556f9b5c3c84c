import { attribute } from "../../bench/stats/attribution/attribution.ts";
import { compareRuns } from "../../bench/compare/compare.ts";
import { verdictOf } from "../../bench/compare/exit-code.ts";
import { DEFAULT_LIMITS } from "../../bench/matrix/limits.ts";
import type { Cell } from "../../bench/matrix/cell.ts";
import { NoiseBook, enough } from "../../bench/schedule/precision.ts";
import { cellCentres } from "../../bench/stats/cell-intervals.ts";
import { ROUNDS_TO_KNOW } from "../../bench/stats/effects/persistence.ts";
import { type Random, random, seedOf } from "../../bench/stats/math/random.ts";
import { intervalOf } from "../../bench/stats/math/estimate.ts";
import { mean } from "../../bench/stats/math/quantile.ts";
import { cellsWithModes } from "../../bench/stats/modes.ts";
import { dataOf } from "../../bench/testing/studies.ts";
import { verdicts } from "../../bench/verdicts/index.ts";
import { type Known, answers, cellMedians, effects, tableMeans } from "./figures.ts";
import { ALARMS, COVERAGE, type Count, type Promised, holds, yes } from "./score.ts";
import { type Truth, type Visits, type World, isSlow, manifestFor, runOf, truthOf, worldOf } from "./world.ts";

/** What a scenario is to show: `1`, what held before and must go on; `2`, what did not hold. */
export interface Figure {
  readonly table: 1 | 2;
  readonly name: string;
  /** The share that is promised; a text: what the program says in its place, for the run is too short to tell. */
  readonly promised: Promised | string | null;
}

/** A world with its runs, and what is looked at in each. */
export interface Scenario {
  readonly name: string;
  /** Trials, as a share of those asked for: some scenarios take long. */
  readonly share: number;
  readonly figures: readonly Figure[];
  /** One trial; the counts in the order of the figures. */
  prepare(): (stream: Random) => readonly Count[];
}

const coverage = (table: 1 | 2, name: string): Figure => ({ table, name, promised: COVERAGE });
/** An interval that holds, or words that there can be none. */
const heldOrSaid = (name: string): Figure => ({ table: 2, name: `${name} (or said)`, promised: [0.92, 1] });
const alarms = (table: 1 | 2, name: string): Figure => ({ table, name, promised: ALARMS });

const DRIFT_SAID = `said: less than ${ROUNDS_TO_KNOW} rounds are too short to tell`;

/** A scenario of single runs. */
function single(
  name: string,
  world: World,
  visits: Visits,
  looks: readonly (readonly [Figure, (known: Known) => Count])[],
  share = 1,
): Scenario {
  return {
    ...{ name: `${name}, ${visits.rounds} rounds`, share, figures: looks.map(([figure]) => figure) },
    prepare() {
      const manifest = manifestFor(world);
      const truth = truths(world);
      return (stream) => {
        const known = { study: runOf(world, stream, visits, manifest), world, truth };
        return looks.map(([, look]) => look(known));
      };
    },
  };
}

/** Truths by model and image: noise may differ between those. */
function truths(world: World): (cell: Cell) => Truth {
  const made = new Map<string, Truth>();
  return (cell) => {
    const { sd, mode } = world.visit(cell);
    const key = JSON.stringify([cell.model, sd, mode]);
    const known = made.get(key) ?? truthOf(world, cell, random(seedOf(key, 1)));
    made.set(key, known);
    return known;
  };
}

const usual = worldOf();
const OUTLIERS = worldOf({ call: (c) => ({ ...usual.call(c), mode: { share: 0.01, factor: 5 } }) });
const TAILS = worldOf({
  visit: (c) => ({ ...usual.visit(c), tails: true }),
  call: (c) => ({ ...usual.call(c), tails: true }),
});
const TWO_SPEEDS = worldOf({ visit: () => ({ sd: 0.02, mode: { share: 0.3, factor: 1.2 } }) });
const HOST = worldOf({ round: 0.065, machine: 0.045 });
const CLIENT = worldOf({ client: 0.03, machine: 0.02 });
const GROUP = worldOf({ group: 0.03 });
const DRIFT = worldOf({ machine: 0, machineLasts: { sd: 0.05, next: 0.7 } });

const protocol = (known: Known) => effects(known, "client");
const place = (known: Known) => effects(known, "placement");
const model = (known: Known) => effects(known, "model");
const level = (known: Known) => answers(known, "client").levels;
const wrongPlace = (known: Known) => answers(known, "placement").wrong;

const COMPUTE: Readonly<Record<string, number>> = { "rfcn-resnet101": 2400, "ssd-mobilenet": 50, null: 0 };
const SPEED: Readonly<Record<string, number>> = { client: 1, cloud: 0.65, edge: 1.5 };

/** A world in which a latency is the sum of its parts: compute, protocol, network. */
const ADDING: Partial<World> = {
  log: (c) => {
    const compute = (COMPUTE[c.model] ?? 0) * (1 + 0.03 * Number(c.image.slice("image-".length)));
    return Math.log((compute + (c.client === "rest" ? 25 : 1.5)) * (SPEED[c.serverMachine] ?? 1) + (c.local ? 0 : 3));
  },
};

const holding: readonly Scenario[] = [
  ...[2, 3, 5, 10, 20].map((rounds) =>
    single(
      "independent noise",
      usual,
      { rounds },
      [
        [coverage(1, "cell median"), (k) => cellMedians(k)],
        [coverage(1, "effect of the protocol"), protocol],
        [coverage(1, "effect of the place"), place],
        [alarms(1, "a wrong machine called the fastest"), wrongPlace],
      ],
      rounds > 5 ? 0.3 : 0.6,
    ),
  ),
  ...(
    [
      ["outliers 1 % x5", OUTLIERS],
      ["tails t3", TAILS],
      ["visits of two speeds", TWO_SPEEDS],
    ] as const
  ).map(([name, world]) =>
    single(
      name,
      world,
      { rounds: 5 },
      [
        [coverage(1, "effect of the protocol"), protocol],
        [coverage(1, "effect of the place"), place],
      ],
      0.6,
    ),
  ),
  single(
    "1 to 3 visits a cell",
    usual,
    { rounds: 3, of: (_, s) => 1 + s.below(3) },
    [
      [coverage(1, "effect of the protocol"), protocol],
      [coverage(1, "effect of the place"), place],
    ],
    0.6,
  ),
];

const noisy = (rounds: number, drift: Figure) =>
  single(
    "a machine's noise lasts (.7, 5 %)",
    DRIFT,
    { rounds },
    [
      [{ ...drift, name: "level of a protocol, ms" }, level],
      [{ ...drift, name: "effect of the place" }, place],
    ],
    rounds > 5 ? 0.5 : 1,
  );

const repaired: readonly Scenario[] = [
  ...(
    [
      ["independent noise", usual],
      ["rounds that hit the whole host", HOST],
      ["shocks of the client machine 3 %", CLIENT],
    ] as const
  ).flatMap(([name, world]) =>
    [3, 10].map((rounds) =>
      single(
        name,
        world,
        { rounds },
        [
          [coverage(2, "level of a protocol, ms"), level],
          [coverage(2, "cell median"), (k) => cellMedians(k)],
          [coverage(2, "effect of the place"), place],
        ],
        rounds > 5 ? 0.4 : 0.8,
      ),
    ),
  ),
  ...[3, 10, 20].map((rounds) => noisy(rounds, { table: 2, name: "", promised: DRIFT_SAID })),
  ...[10, 20].map((rounds) =>
    single(
      "a cell's visits go together (.6)",
      worldOf({ visitLasts: 0.6 }),
      { rounds },
      [[coverage(2, "cell median"), (k) => cellMedians(k)]],
      0.3,
    ),
  ),
  ...[2, 3, 10].map((rounds) =>
    single(
      "shocks of a group 3 %",
      GROUP,
      { rounds },
      [
        [coverage(2, "effect of the protocol"), protocol],
        [coverage(2, "effect of the model"), model],
      ],
      rounds > 5 ? 0.4 : 1,
    ),
  ),
  ...[5, 10].map((rounds) =>
    single(
      "outliers 1 % x5",
      OUTLIERS,
      { rounds },
      [
        [heldOrSaid("mean in a table, all images"), (k) => tableMeans(k, () => true)],
        [heldOrSaid("mean in a table, one image"), (k) => tableMeans(k, (c) => c.image === "image-2")],
      ],
      0.6,
    ),
  ),
  single(
    "visits cut by time",
    worldOf({ visit: () => ({ sd: 0.25 }), log: () => Math.log(10), calls: () => 10 }),
    { rounds: 20, blockMs: 75 },
    [
      [coverage(2, "cell median"), (k) => cellMedians(k)],
      [coverage(2, "mean in a table, all images"), (k) => tableMeans(k, () => true)],
    ],
    0.3,
  ),
  single("as a demo's run", worldOf({ round: 0.065, machine: 0.045, images: 6 }), { rounds: 2 }, [
    [coverage(2, "cell median, two visits"), (k) => cellMedians(k)],
    [coverage(2, "cell median, R-FCN"), (k) => cellMedians(k, isSlow)],
    [alarms(2, "several speeds named"), (k) => yes(cellsWithModes(k.study).length > 0)],
  ]),
  ...(
    [
      ["rounds that hit the whole host", { round: 0.065, machine: 0.045 }],
      ["shocks of a group 3 %", { group: 0.03 }],
    ] as const
  ).flatMap(([name, more]) =>
    [2, 10].map((rounds) =>
      single(
        `parts that add up, ${name}`,
        worldOf({ ...ADDING, ...more }),
        { rounds },
        [
          [coverage(2, "total of an attribution"), totals],
          [alarms(2, "a part said to be missing"), missing],
        ],
        rounds > 5 ? 0.4 : 0.8,
      ),
    ),
  ),
];

/** Totals of the attribution. */
function totals({ study, world, truth }: Known): Count {
  return holds(
    attribute(study).map((a) => {
      const own = study.manifest.cells.filter(
        (c) =>
          c.model === a.levels["model"] &&
          c.client === a.levels["client"] &&
          `${c.clientMachine} → ${c.serverMachine}` === a.levels["placement"],
      );
      return [intervalOf(a.total), mean(own.map((c) => Math.exp(world.log(c)) * truth(c).meanFactor))] as const;
    }),
  );
}

function missing({ study }: Known): Count {
  return yes(
    attribute(study).some(
      (a) => a.kind === "finding" && a.judged.small === false && !a.levels["placement"]?.includes("client →"),
    ),
  );
}

/** Nothing differs in truth between protocols or places: what a verdict says against it is wrong. */
const EQUAL: Partial<World> = { log: (c) => (isSlow(c) ? 8 : c.model === "null" ? 1 : 4) };

const boundary: readonly Scenario[] = (
  [
    ["independent noise", 1, {}],
    ["shocks of a group 3 %", 2, { group: 0.03 }],
    ["shocks of the client machine 5 %", 2, { client: 0.05, machine: 0.02 }],
    ["rounds that hit the whole host", 2, { round: 0.065, machine: 0.045 }],
  ] as const
).flatMap(([name, table, more]) =>
  [3, 10].map((rounds) =>
    single(
      `protocols and places alike, ${name}`,
      worldOf({ ...EQUAL, ...more }),
      { rounds },
      [
        [alarms(table, "verdict on the protocol, holds or not"), (k) => judged(k, "grpc-faster")],
        [alarms(table, "verdict on the place, holds or not"), (k) => judged(k, "remote-slower")],
        [alarms(table, "a machine called the fastest"), wrongPlace],
      ],
      rounds > 5 ? 0.4 : 1,
    ),
  ),
);

const judged = ({ study }: Known, id: string) =>
  yes(verdicts(study).find((v) => v.id === id)?.ours.outcome !== "inconclusive");

/** Two runs, the second of a world in which some cells take longer. */
function pair(
  name: string,
  world: World,
  rounds: number,
  {
    figures,
    slower = () => 1,
    repeats = 0,
    share = 0.5,
  }: {
    readonly figures: readonly (readonly [Figure, (exit: number, c: ReturnType<typeof compareRuns>) => Count])[];
    readonly slower?: (cell: Cell) => number;
    readonly repeats?: number;
    readonly share?: number;
  },
): Scenario {
  return {
    ...{ name: `${name}, ${rounds} rounds`, share, figures: figures.map(([f]) => f) },
    prepare() {
      const manifest = manifestFor(world);
      const changed = { ...world, log: (c: Cell) => world.log(c) + Math.log(slower(c)) };
      return (stream) => {
        const run = (of: World, id: string) => runOf(of, stream, { rounds }, { ...manifest, id });
        const first = run(world, "a");
        const pairs = Array.from({ length: repeats }, (_, i) => [first, run(world, `a${i}`)] as const);
        const c = compareRuns(first, run(changed, "b"), { threshold: 0.05, repeats: pairs });
        return figures.map(([, look]) => look(verdictOf(c).exitCode, c));
      };
    },
  };
}

const three = { placements: worldOf().placements.filter(([client]) => client === "client") };
const target = (c: Cell) => c.id === "client>edge probe ssd-mobilenet image-1";
const alarm = (table: 1 | 2) => [alarms(table, "said to be slower"), (exit: number) => yes(exit === 1)] as const;
const told = (least: number) =>
  [
    { table: 2, name: "told as slower", promised: least === 0 ? null : ([least, 1] as const) } as Figure,
    (exit: number) => yes(exit === 1),
  ] as const;

const compared: readonly Scenario[] = [
  pair("equal runs", worldOf(three), 5, { figures: [alarm(1)] }),
  pair("equal runs, outliers 1 % x5", { ...OUTLIERS, ...three }, 5, { figures: [alarm(1)] }),
  pair("equal runs, shocks of a group 3 %", { ...GROUP, ...three }, 5, { figures: [alarm(2)] }),
  pair("equal runs, shocks of the client machine", { ...CLIENT, ...three }, 5, { figures: [alarm(2)] }),
  pair("equal runs, a machine's noise lasts", { ...DRIFT, ...three }, 10, { figures: [alarm(2)], share: 0.3 }),
  pair("a whole that is 5 % slower, the threshold", worldOf(three), 5, { figures: [alarm(1)], slower: () => 1.05 }),
  ...[0.02, 0.05, 0.1].flatMap((restart) => [
    pair(`equal runs, a restart changes machines by ${100 * restart} %`, worldOf({ ...three, restart }), 5, {
      figures: [
        [
          {
            table: 2,
            name: "said to be slower, no repeats",
            promised: "said: no run shows what differs from run to run; --repeat does",
          },
          (exit) => yes(exit === 1),
        ],
      ],
      share: 0.3,
    }),
    pair(`the same with three repeats of A, ${100 * restart} %`, worldOf({ ...three, restart }), 5, {
      ...{ figures: [alarm(2)], repeats: 3, share: 0.3 },
    }),
  ]),
  ...[5, 10].map((rounds) =>
    pair("one cell x1.5", worldOf(three), rounds, {
      figures: [
        told(rounds === 5 ? 0 : 0.8),
        [
          { table: 2, name: "that cell, with multiplicity held", promised: rounds === 5 ? null : [0.8, 1] },
          (_, c) => yes(c.cells.some((x) => target(x.cell) && x.change === "slower")),
        ],
      ],
      ...{ slower: (c: Cell) => (target(c) ? 1.5 : 1), share: 0.3 },
    }),
  ),
  ...[2, 5, 10].map((rounds) =>
    pair("all cells x1.1", worldOf(three), rounds, { figures: [told(0)], slower: () => 1.1, share: 0.3 }),
  ),
];

/** Twenty cells on machines of their own, measured until the rule ends them. */
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

const precise: readonly Scenario[] = [
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

/** Every scenario, those that held before first. */
export const SCENARIOS: readonly Scenario[] = [...holding, ...repaired, ...boundary, ...compared, ...precise];
