import { DOUBT_WORDS, ROUNDS_TO_KNOW } from "../../bench/stats/effects/persistence.ts";
import { cellsWithModes } from "../../bench/stats/modes.ts";
import { cellMedians, tableMeans } from "./figures.ts";
import { judged, level, missing, model, place, placeOrSaid, protocol, totals, wrongPlace } from "./counts.ts";
import { type Figure, type Scenario, alarms, coverage, heldOrSaid, single } from "./scenario.ts";
import { yes } from "./score.ts";
import { isSlow, worldOf } from "./world.ts";
import { ADDING, CLIENT, DRIFT, EQUAL, GROUP, HOST, NOISY_IMAGE, OUTLIERS, isNoisy, usual } from "./worlds.ts";

const shown = (rounds: number, name: string): Figure => ({
  table: 2,
  name: `${name}, where an interval is shown`,
  promised: rounds >= ROUNDS_TO_KNOW ? [0.92, 0.98] : `said beside it: ${DOUBT_WORDS.short}`,
});

/** A machine's noise lasts: from `ROUNDS_TO_KNOW` rounds on intervals hold; of fewer, the figure itself says what they cannot tell. */
const noisy = (rounds: number) =>
  single(
    "a machine's noise lasts (.7, 5 %)",
    DRIFT,
    { rounds },
    [
      [shown(rounds, "level of a protocol, ms"), level],
      [shown(rounds, "effect of the place"), place],
      [heldOrSaid("effect of the place"), placeOrSaid],
      [alarms(2, "a wrong machine called the fastest"), wrongPlace],
    ],
    rounds > 20 ? 0.3 : rounds > 5 ? 0.5 : 1,
  );

export const repaired: readonly Scenario[] = [
  ...(
    [
      ["levels, independent noise", usual],
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
  ...[3, 10, 20, ROUNDS_TO_KNOW].map(noisy),
  ...[10, 20].map((rounds) =>
    single(
      "a cell's visits go together (.6)",
      worldOf({ visitLasts: 0.6 }),
      { rounds },
      [[coverage(2, "cell median"), (k) => cellMedians(k)]],
      0.3,
    ),
  ),
  ...[3, 5, 10, 20].map((rounds) =>
    single(
      "a noisy image (x3)",
      NOISY_IMAGE,
      { rounds },
      [
        [
          rounds < 5
            ? { table: 2, name: "cell median, of that image", promised: "said: too few visits to tell a noisier cell" }
            : coverage(2, "cell median, of that image"),
          (k) => cellMedians(k, isNoisy),
        ],
        [coverage(2, "cell median, of the others"), (k) => cellMedians(k, (c) => !isNoisy(c))],
        [coverage(2, "effect of the protocol"), protocol],
      ],
      rounds > 5 ? 0.4 : 0.8,
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
      "means, outliers 1 % x5",
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

export const boundary: readonly Scenario[] = (
  [
    ["independent noise", 1, {}],
    ["shocks of a group 3 %", 2, { group: 0.03 }],
    ["shocks of the client machine 5 %", 2, { client: 0.05, machine: 0.02 }],
    ["rounds that hit the whole host", 2, { round: 0.065, machine: 0.045 }],
    ["a machine's noise lasts (.7, 5 %)", 2, { machine: 0, machineLasts: { sd: 0.05, next: 0.7 } }],
    ["a noisy image (x3)", 2, { visit: NOISY_IMAGE.visit }],
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
