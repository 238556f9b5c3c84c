import { ROUNDS_TO_KNOW } from "../../bench/stats/effects/persistence.ts";
import { cellsWithModes } from "../../bench/stats/modes.ts";
import { cellMedians, tableMeans } from "./figures.ts";
import { judged, level, missing, model, place, protocol, totals, wrongPlace } from "./looks.ts";
import { type Figure, type Scenario, alarms, coverage, heldOrSaid, single } from "./scenario.ts";
import { yes } from "./score.ts";
import { isSlow, worldOf } from "./world.ts";
import { ADDING, CLIENT, DRIFT, EQUAL, GROUP, HOST, OUTLIERS, usual } from "./worlds.ts";

const DRIFT_SAID = `said: less than ${ROUNDS_TO_KNOW} rounds are too short to tell`;

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
