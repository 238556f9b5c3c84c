import { cellMedians } from "./figures.ts";
import { place, protocol, wrongPlace } from "./counts.ts";
import { type Scenario, alarms, coverage, single } from "./scenario.ts";
import { OUTLIERS, TAILS, TWO_SPEEDS, usual } from "./worlds.ts";

export const holding: readonly Scenario[] = [
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
