import { type Spread as Ratio, ratioSpread } from "../clients/stats.ts";
import type { Generator } from "./generator.ts";
import type { Turn } from "./race.ts";

/** The rate of the goals, calls a second. */
export const GOAL_RATE = 5000;

/** Goals for lag by our own log (begun - due, milliseconds), and for the share of a core. */
const MOST: readonly (readonly [what: string, figure: (turn: Turn) => number, most: number])[] = [
  ["lag p50, ms", ({ said }) => said.logged?.p50Ms ?? NaN, 0.05],
  ["lag p99, ms", ({ said }) => said.logged?.p99Ms ?? NaN, 0.3],
  ["share of a core", ({ core }) => core, 0.6],
];

/** Goal for our lag as the server saw it: at most this part of each other generator's lag in the same round. */
const RATIO = 1 / 3;

/** A goal, and what was measured. The goal is met if the median over the rounds is. */
export interface Verdict {
  readonly title: string;
  readonly measured: Ratio;
  readonly most: number;
  readonly met: boolean;
}

/** Judges the goals by the turns of each generator at their rate. */
export function judge(generators: readonly Generator[], turns: ReadonlyMap<string, readonly Turn[]>): Verdict[] {
  const of = ({ name }: Generator) => turns.get(name) ?? [];
  const verdict = (title: string, over: readonly number[], under: readonly number[], most: number): Verdict => {
    const measured = ratioSpread(over, under);
    return { title, measured, most, met: measured.median <= most };
  };
  return generators
    .filter((g) => g.ours)
    .flatMap((own) => [
      ...MOST.map(([what, figure, most]) => {
        const values = of(own).map(figure);
        return verdict(
          `${own.name}: ${what}`,
          values,
          values.map(() => 1),
          most,
        );
      }),
      ...generators
        .filter((g) => !g.ours)
        .flatMap((peer) =>
          (["p50Ms", "p99Ms"] as const).map((figure) => {
            const values = (g: Generator) => of(g).map(({ seen }) => seen[figure]);
            return verdict(
              `${own.name}: lag ${figure.slice(0, 3)}, against ${peer.name}`,
              values(own),
              values(peer),
              RATIO,
            );
          }),
        ),
    ]);
}
