import { median } from "../../bench/stats/math/quantile.ts";
import { type Spread as Ratio, ratioSpread } from "../clients/stats.ts";
import type { Generator } from "./generator.ts";
import type { Spread } from "./lag.ts";
import type { Turn } from "./race.ts";

/**
 * Goals for our lag: by its own log (begun - due, milliseconds), and as the server's kernel saw it, as a part of each other generator's in the
 * same round.
 */
const MOST_MS = { p50Ms: 0.05, p99Ms: 0.3 };
const RATIO = 1 / 3;
/** Goal for the share of a core. */
const CORE = 0.6;

/** A goal, and what was measured: the median over the rounds decides. */
export interface Verdict {
  readonly title: string;
  readonly measured: Ratio;
  readonly most: number;
  /** Null: it cannot be judged here, because a bare timer was later than the goal allows. */
  readonly met: boolean | null;
}

/**
 * Judges the goals by the turns of each generator at their rate. Pure.
 *
 * @param floors how late a bare timer woke, in each round
 */
export function judge(
  generators: readonly Generator[],
  turns: ReadonlyMap<string, readonly Turn[]>,
  floors: readonly Spread[],
): Verdict[] {
  const of = ({ name }: Generator) => turns.get(name) ?? [];
  const peers = generators.filter((g) => !g.ours);
  const floorMs = (figure: keyof Spread) => median(floors.map((floor) => floor[figure]));
  const verdict = (title: string, measured: Ratio, most: number, noisy: boolean): Verdict => {
    const met = measured.median <= most;
    return { title, measured, most, met: met || !noisy ? met : null };
  };
  return generators
    .filter((g) => g.ours)
    .flatMap((own) => {
      const alone = (values: readonly number[]) =>
        ratioSpread(
          values,
          values.map(() => 1),
        );
      const lags = (["p50Ms", "p99Ms"] as const).flatMap((figure) => {
        const name = `${own.name}: lag ${figure.slice(0, 3)}`;
        const logged = alone(of(own).map(({ said }) => said.logged?.[figure] ?? NaN));
        const seen = (g: Generator) => of(g).map((turn) => turn.seen[figure]);
        return [
          verdict(`${name}, ms`, logged, MOST_MS[figure], floorMs(figure) > MOST_MS[figure]),
          ...peers.map((peer) =>
            verdict(
              `${name}, against ${peer.name}`,
              ratioSpread(seen(own), seen(peer)),
              RATIO,
              floorMs(figure) > RATIO * median(seen(peer)),
            ),
          ),
        ];
      });
      const core = alone(of(own).map((turn) => turn.core));
      // Other programs slow it down, too: they use the same caches, and the other half of a core.
      return [...lags, verdict(`${own.name}: share of a core`, core, CORE, floorMs("p99Ms") > MOST_MS.p99Ms)];
    });
}

/** The exit code of a check: 1 if a goal is missed, 3 if one could not be judged here. Pure. */
export function exitCode(verdicts: readonly Verdict[]): number {
  if (verdicts.some(({ met }) => met === false)) return 1;
  return verdicts.some(({ met }) => met === null) ? 3 : 0;
}
