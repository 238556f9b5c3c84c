import type { Axis } from "../matrix/axes.ts";
import type { Estimate } from "../stats/math/estimate.ts";
import { type Sample, blockSums, solve, total } from "../stats/effects/blocks.ts";
import { type Noise, noiseOf } from "../stats/effects/noise.ts";
import { mean, variance } from "../stats/math/quantile.ts";
import { AS_NOISY, type CellGroup, keyOf } from "../stats/levels.ts";
import type { Study } from "../stats/study.ts";

/** Names of what is as noisy as a group, the narrowest first. */
interface Kin {
  readonly group: string;
  readonly narrow: string;
  readonly wide: string;
}

function kinOf([first]: CellGroup, axes: readonly Axis[]): Kin {
  const wide = keyOf(first, axes, AS_NOISY);
  return { group: keyOf(first, axes, ["image"]), narrow: `${wide}|${first.serverMachine}`, wide };
}

/** Fewer degrees of freedom than this show no variance. */
const KNOWN_DF = 3;

/** How the errors of groups come about, for readers of the table. */
export const NOISE_RULE =
  "A group's error: how much its images differ from each other in B over A, pooled over groups of its model and server " +
  "machine, or its own where that is more, or what the visits of one cell show; what the visits of a model to one machine have " +
  "in common in a round, as the rounds of each run show it over all machines; and what those of a group have in common beyond that, as many " +
  "times the noise of visits as all groups of both runs together show";

interface Spread {
  readonly variance: number;
  readonly df: number;
}

/** What a figure of each group is measured as, B over A. */
export interface Figures {
  /** The group's log ratio. */
  readonly value: number;
  /** Its variance, of what is not common to a round, as the group's own images show it. */
  readonly own: Spread;
}

/**
 * The log ratios of groups with their errors. The scatter over images knows of all noise that images do not have in common,
 * cells that were visited once included; the rounds of each run know of what they do have in common, of which scatter over
 * images says nothing. A group's own images are few, so noise is pooled over groups that are alike.
 *
 * @returns one estimate a group, without an error where that cannot be known
 */
export function groupEstimates(
  groups: readonly CellGroup[],
  [a, b]: readonly [Study, Study],
  figureOf: (group: CellGroup) => Figures | undefined,
): (Estimate | undefined)[] {
  const figures = new Map(groups.map((g) => [g, figureOf(g)]));
  const pooled = new Map<string, Spread>();
  const beyond: Spread[] = [];
  const rounds = new Map<string, readonly Noise[]>();
  const kin = new Map(groups.map((g) => [g, kinOf(g, a.axes)]));
  const kinAt = (group: CellGroup) => kin.get(group) as Kin;
  for (const level of ["narrow", "wide"] as const)
    for (const [name, own] of Map.groupBy(groups, (g) => kinAt(g)[level])) {
      pooled.set(name, pool(own.flatMap((g) => scaled(g, figures.get(g)))));
      const samples = [a, b].map((study) => own.flatMap((g) => samplesOf(g, kinAt(g), study)));
      if (level === "narrow") beyond.push(...samples.flatMap(groupsInRounds));
      else
        rounds.set(
          name,
          samples.map((s) => noiseOf(s, { swept: false })),
        );
    }
  const excess = excessOf(pool(beyond));
  return groups.map((group) => {
    const figure = figures.get(group);
    if (figure === undefined) return undefined;
    const names = kinAt(group);
    const like = [names.narrow, names.wide].map((n) => pooled.get(n)).find((p) => p !== undefined && p.df >= KNOWN_DF);
    const parts = [a, b].map((study, i) => roundParts(group, names, study, rounds.get(names.wide)?.[i]));
    return { value: figure.value, ...errorOf(parts, spreadOf(group, figure.own, like), excess) };
  });
}

/** The scatter of a group's images, free of their number. */
function scaled(group: CellGroup, figure: Figures | undefined): Spread[] {
  if (figure === undefined || !(figure.own.df > 0)) return [];
  return [{ variance: figure.own.variance * group.length, df: figure.own.df }];
}

function pool(spreads: readonly Spread[]): Spread {
  const df = spreads.reduce((sum, s) => sum + s.df, 0);
  return { variance: spreads.reduce((sum, s) => sum + s.df * s.variance, 0) / df, df };
}

/** What a group's images show of their noise, or those like it: whichever is more. Undefined where neither is known. */
function spreadOf(group: CellGroup, own: Spread, like: Spread | undefined): Spread | undefined {
  const few = !(own.df >= KNOWN_DF);
  if (like === undefined) return few ? undefined : own;
  const typical = { variance: like.variance / group.length, df: like.df };
  if (!(own.df > 0) || own.variance <= typical.variance) return typical;
  return few ? { variance: own.variance, df: like.df } : own;
}

interface GroupSample extends Sample {
  readonly group: string;
}

function samplesOf(cells: CellGroup, { group, narrow }: Kin, study: Study): GroupSample[] {
  return cells.flatMap((cell) =>
    (study.data.get(cell.id)?.visits ?? []).map((visit) => ({
      ...{ cell: cell.id, round: visit.round, group, machine: cell.serverMachine, alike: [group, narrow, ""] },
      value: Math.log(visit.medianMs),
    })),
  );
}

/**
 * What visits of a group and round have in common beyond their round, as a multiple of what visits' own noise makes (1: nothing),
 * with the degrees of freedom of its numerator: an F ratio. By groups of one model and machine, for noise differs between those.
 */
function groupsInRounds(samples: readonly GroupSample[]): Spread[] {
  const blocks = blockSums(samples.map((s) => ({ ...s, machine: s.group })));
  const { machines: groups, samples: repeated, cells, squares } = blocks;
  const all = total(groups);
  if (all === undefined) return [];
  const [whole, each] = [solve(all), groups.map(solve)];
  const rank = each.reduce((sum, g) => sum + g.rank, 0);
  const explained = each.reduce((sum, g) => sum + g.explained, 0);
  const [between, within] = [rank - whole.rank, repeated.length - cells - rank];
  const noise = (squares - explained) / within;
  if (between <= 0 || within < KNOWN_DF || !(noise > 0)) return [];
  return [{ variance: (explained - whole.explained) / between / noise, df: between }];
}

/** As `groupsInRounds`, never below nothing; where too little is known of it, it is taken for nothing. */
function excessOf({ variance: ratio, df }: Spread): Spread {
  return df >= KNOWN_DF ? { variance: Math.max(0, ratio - 1), df } : { variance: 0, df: Infinity };
}

/** What a group's mean over cells and visits owes to one run. NaN where it cannot be known. */
interface RoundParts {
  /** Variance that the rounds bring, and with it the visits' noise in the means that it was estimated from: `df` is theirs. */
  readonly common: number;
  readonly ofMeans: Spread;
  /** Variance of the visits' own noise. */
  readonly visits: Spread;
}

function roundParts(group: CellGroup, names: Kin, study: Study, noise: Noise | undefined): RoundParts {
  const weights = new Map<number, number>();
  let squares = 0;
  for (const cell of group) {
    const visits = study.data.get(cell.id)?.visits ?? [];
    const weight = 1 / (visits.length * group.length);
    for (const { round } of visits) {
      weights.set(round, (weights.get(round) ?? 0) + weight);
      squares += weight ** 2;
    }
  }
  const together = [...weights.values()].reduce((sum, w) => sum + w ** 2, 0);
  const { variance, ofMeans, df } = noise?.shared ?? { variance: NaN, ofMeans: NaN, df: 0 };
  const own = noise?.of([names.group, names.narrow, ""]) ?? { variance: NaN, df: 0 };
  return {
    common: together * variance,
    ofMeans: { variance: together * ofMeans, df },
    visits: { variance: squares * own.variance, df: own.df },
  };
}

/**
 * The error of a mean with noise of visits, of rounds, and of groups in rounds. Satterthwaite's degrees of freedom; the noise of
 * rounds was estimated from means that have noise of visits in them, which goes by the degrees of freedom of those means, as in
 * propagation.ts.
 */
function errorOf(
  parts: readonly RoundParts[],
  spread: Spread | undefined,
  excess: Spread,
): Pick<Estimate, "se" | "df"> {
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const visits = parts.map((p) => p.visits);
  const byVisits = sum(visits.map((v) => v.variance));
  const apart = spread === undefined || byVisits > spread.variance ? visits : [spread];
  const rest = sum(apart.map((s) => s.variance));
  const common = sum(parts.map((p) => p.common));
  const ofGroups = excess.variance * byVisits;
  const variance = common + rest + ofGroups;
  if (!Number.isFinite(variance)) return { se: NaN, df: 0 };
  const means = parts.map((p) => p.ofMeans);
  const inMeans = Math.min(rest, Math.max(0, sum(means.map((m) => m.variance)) - common));
  const left = rest === 0 ? 0 : 1 - inMeans / rest;
  const share = ({ variance: v, df }: Spread, of = 1) => (v === 0 ? 0 : (of * v) ** 2 / df);
  const below = sum([
    ...means.map((m) => share(m)),
    ...apart.map((s) => share(s, left)),
    share({ variance: ofGroups, df: excess.df }),
  ]);
  const df = variance === 0 ? Math.min(...[...means, ...apart].map((s) => s.df)) : variance ** 2 / below;
  return { se: Math.sqrt(variance), df };
}

/** The mean of paired differences, and the variance of that mean as they show it. */
export function pairedFigures(differences: readonly number[]): Figures {
  const n = differences.length;
  return { value: mean(differences), own: { variance: n < 2 ? NaN : variance(differences) / n, df: n - 1 } };
}
