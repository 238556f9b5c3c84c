import { compareRuns } from "../../bench/compare/compare.ts";
import { restartUnknown, verdictOf } from "../../bench/compare/exit-code.ts";
import type { Cell } from "../../bench/matrix/cell.ts";
import { readBackOf } from "../../bench/testing/studies.ts";
import { type Figure, type Scenario, alarms } from "./scenario.ts";
import { type Count, yes } from "./score.ts";
import { type World, manifestFor, runOf, worldOf } from "./world.ts";
import { CLIENT, DRIFT, GROUP, NOISY_IMAGE, OUTLIERS } from "./worlds.ts";

/** A scenario of two runs. In the second run's world some cells take longer. */
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
        // What a restart changes differs from run to run in a world that has it; in others the same processes answer.
        const servers = manifest.servers.map((s) => s.id);
        const run = (of: World, id: string) =>
          runOf(
            of,
            stream,
            { rounds },
            { ...manifest, id, readBack: readBackOf(servers, of.restart > 0 ? id : "once") },
          );
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

/** Neither worse nor well: it is said that a change cannot be told from a restart. */
const saidUnknown = [
  { table: 2, name: "exit 3, with the restart for its reason", promised: [0.95, 1] as const } as Figure,
  (exit: number, c: ReturnType<typeof compareRuns>) => yes(exit === 3 && restartUnknown(c)),
] as const;

export const compared: readonly Scenario[] = [
  pair("equal runs", worldOf(three), 5, { figures: [alarm(1)] }),
  pair("equal runs, outliers 1 % x5", { ...OUTLIERS, ...three }, 5, { figures: [alarm(1)] }),
  pair("equal runs, shocks of a group 3 %", { ...GROUP, ...three }, 5, { figures: [alarm(2)] }),
  pair("equal runs, shocks of the client machine", { ...CLIENT, ...three }, 5, { figures: [alarm(2)] }),
  ...[3, 10].map((rounds) =>
    pair("equal runs, a machine's noise lasts", { ...DRIFT, ...three }, rounds, { figures: [alarm(2)] }),
  ),
  pair("equal runs, a noisy image", { ...NOISY_IMAGE, ...three }, 5, { figures: [alarm(2)] }),
  pair("a whole that is 5 % slower, the threshold", worldOf(three), 5, { figures: [alarm(1)], slower: () => 1.05 }),
  ...[0.02, 0.05, 0.1].flatMap((restart) => [
    pair(`equal runs, a restart changes machines by ${100 * restart} %`, worldOf({ ...three, restart }), 5, {
      figures: [alarm(2), saidUnknown],
    }),
    pair(`the same with three repeats of A, ${100 * restart} %`, worldOf({ ...three, restart }), 5, {
      ...{ figures: [alarm(2)], repeats: 3 },
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
