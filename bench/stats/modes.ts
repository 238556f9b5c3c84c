import type { Cell } from "../matrix/cell.ts";
import { betweenShare } from "./math/clusters.ts";
import { dip } from "./math/dip.ts";
import { holm } from "./math/holm.ts";
import { once } from "./math/memo.ts";
import { median } from "./math/quantile.ts";
import { random, seedOf } from "./math/random.ts";
import type { Study } from "./study.ts";
import { callsByVisit, logOfMs } from "./visits.ts";

/** One mode of a cell's calls. */
export interface Mode {
  /** Median of the calls that belong to it, milliseconds. */
  readonly ms: number;
  /** Share of the cell's calls, 0 to 1; the shares of a cell add up to 1. */
  readonly share: number;
}

/** What a cell's calls say of their number of modes. */
export interface Modes {
  /** Ascending; one entry where one mode explains the calls. */
  readonly modes: readonly Mode[];
  /** How probable calls with a dip as deep are where there is one mode. */
  readonly p: number;
}

/** A cell whose calls have more than one mode. */
export interface CellModes extends Modes {
  readonly cell: Cell;
}

/** How cells with several modes are found, for readers. */
export const MODES_RULE =
  "Several speeds: Hartigan's dip test (1985) on the logarithms of a cell's calls. Calls of one visit are alike. So the dip is compared " +
  "with that of simulated visits, which differ as much from each other, and whose calls are spread evenly. Over all cells (Holm), 5 % " +
  "of runs without several speeds name a cell";

/** Fewer calls than this say nothing of modes. */
const LEAST_CALLS = 8;
/** More calls than this are thinned for the test: it then takes the same time, and finds modes of a tenth of the calls and more. */
const MOST_CALLS = 400;
/** Simulated dips: more of them where the first ones leave it open whether a dip is rare. */
const STAGES = [200, 2000, 20_000];
/** A p value above this needs no more of them. */
const CLEAR = 0.02;
/** The chance that a run whose cells have one mode each is said to have a cell with several. */
const ALPHA = 0.05;
/** Of a part of a cell's calls: it is split again where its own dip is as rare as this. */
const SPLIT_AGAIN = 0.01;
/** A mode has this share of the calls, and these calls, at least. */
const LEAST_SHARE = 0.05;
const LEAST_OF_MODE = 3;
type Visits = readonly (readonly number[])[];

/**
 * Whether the calls of a cell have more than one mode, and where. For a server with two speeds (a processor quota that is used
 * up in some calls) the median lies between them, where hardly any call is.
 *
 * The null hypothesis is the one mode that is hardest to tell from two, an even distribution, of visits and of the calls in
 * them; how much visits differ is as the cell shows it (analysis of variance). So two visits of two speeds are no evidence of
 * modes, and two speeds inside of each visit are.
 *
 * @param visits latencies of measured calls, milliseconds, by visit
 * @returns undefined if there are fewer than 8 calls, or all are equal
 */
export function findModes(visits: Visits): Modes | undefined {
  const p = dipP(visits);
  if (p === undefined) return undefined;
  return { modes: p > ALPHA ? [modeOf(visits, visits)] : split(visits, visits), p };
}

/** The cells of a run that have several modes, all of them together at 5 % (Holm), in the order of the plan. */
export const cellsWithModes = once((study: Study): readonly CellModes[] => {
  const tested = study.manifest.cells.flatMap((cell) => {
    const data = study.data.get(cell.id);
    const visits = data === undefined ? [] : callsByVisit(data);
    const p = dipP(visits);
    return p === undefined ? [] : [{ cell, visits, p }];
  });
  const judged = holm(
    tested.map(({ p }) => p),
    ALPHA,
  );
  return tested.flatMap(({ cell, visits, p }, i) => {
    if (judged[i]?.rejected !== true) return [];
    const modes = split(visits, visits);
    return modes.length > 1 ? [{ cell, modes, p }] : [];
  });
});

const modeOf = (part: Visits, whole: Visits): Mode => {
  const calls = part.flat();
  return { ms: median(calls), share: calls.length / whole.reduce((n, v) => n + v.length, 0) };
};

/** The modes of a part that has two at least: it is cut in two, and each half is tested again. */
function split(part: Visits, whole: Visits): Mode[] {
  const limit = cutOf(part.flat().sort((a, b) => a - b));
  if (limit === undefined) return [modeOf(part, whole)];
  const halves = [(ms: number) => ms <= limit, (ms: number) => ms > limit].map((belongs) =>
    part.map((calls) => calls.filter(belongs)).filter((calls) => calls.length > 0),
  );
  return halves.flatMap((half) => ((dipP(half) ?? 1) <= SPLIT_AGAIN ? split(half, whole) : [modeOf(half, whole)]));
}

/**
 * Where calls fall into two parts, each nearest to its own median (logarithms, least absolute deviations: one slow call is no
 * part of its own). The last call of the lower part; undefined if there is no such cut.
 */
function cutOf(sorted: readonly number[]): number | undefined {
  const n = sorted.length;
  const logs = sorted.map(logOfMs);
  const sums = [0];
  for (const log of logs) sums.push((sums.at(-1) as number) + log);
  const sum = (from: number, to: number) => (sums[to] as number) - (sums[from] as number);
  // The sum of distances from the median of calls from one to another: the upper half less the lower one.
  const spread = (from: number, to: number) => {
    const half = Math.floor((to - from) / 2);
    return sum(to - half, to) - sum(from, from + half);
  };
  const least = Math.max(LEAST_OF_MODE, Math.ceil(LEAST_SHARE * n));
  let best = { at: -1, left: Infinity };
  for (let k = least; k <= n - least; k++) {
    if (sorted[k] === sorted[k - 1]) continue;
    const left = spread(0, k) + spread(k, n);
    if (left < best.left) best = { at: k, left };
  }
  return best.at < 0 ? undefined : sorted[best.at - 1];
}

/** The p value of the dip of some visits' calls; undefined if they cannot be tested. */
function dipP(visits: Visits): number | undefined {
  const calls = visits.flat();
  if (calls.length < LEAST_CALLS || calls.every((ms) => ms === calls[0])) return undefined;
  const thinned = thin(spreadTies(visits));
  const sorted = Float64Array.from(thinned.flat()).sort();
  const seen = dip(sorted);
  const sizes = thinned.map((v) => v.length).sort((a, b) => a - b);
  const share = Math.ceil(20 * betweenShare(thinned)) / 20;
  let p = 1;
  for (const draws of STAGES) {
    const dips = nullDips(sizes, share, draws);
    let deeper = 0;
    for (let i = 0; i < draws; i++) if ((dips[i] as number) >= seen - 1e-12) deeper += 1;
    p = (1 + deeper) / (1 + draws);
    if (p > CLEAR) return p;
  }
  return p;
}

/** Logarithms, equal latencies spread over the step of the clock that made them equal: steps are no modes. */
function spreadTies(visits: Visits): number[][] {
  const distinct = [...new Set(visits.flat())].sort((a, b) => a - b);
  const steps = distinct.slice(1).map((ms, i) => ms - (distinct[i] as number));
  const tied = distinct.length < visits.reduce((n, v) => n + v.length, 0);
  const step = tied ? Math.min(...steps) : 0;
  const stream = random(seedOf("ties", distinct.length));
  return visits.map((calls) => calls.map((ms) => logOfMs(ms + (tied ? (stream.uniform() - 0.5) * step : 0))));
}

/** At most `MOST_CALLS`, evenly from each visit; visits that lose all their calls go. */
function thin(visits: readonly number[][]): readonly number[][] {
  const n = visits.reduce((sum, v) => sum + v.length, 0);
  if (n <= MOST_CALLS) return visits;
  const every = n / MOST_CALLS;
  let passed = 0;
  return visits
    .map((v) => v.filter(() => Math.floor(passed / every) !== Math.floor(++passed / every)))
    .filter((v) => v.length > 0);
}

/** Simulated dips by what they depend on; a run's cells have few such forms. */
const simulated = new Map<string, { readonly dips: Float64Array; made: number; readonly more: () => number }>();
const KEPT_FORMS = 200;

/** Dips of evenly spread calls of evenly spread visits, at least so many. The same ones each time. */
function nullDips(sizes: readonly number[], share: number, draws: number): Float64Array {
  const form = `${share} ${sizes.join(" ")}`;
  let known = simulated.get(form);
  if (known === undefined) {
    const stream = random(seedOf(form, 1));
    const calls = new Float64Array(sizes.reduce((a, b) => a + b, 0));
    const [ofVisit, ofCall] = [Math.sqrt(share), Math.sqrt(1 - share)];
    const more = () => {
      let i = 0;
      for (const size of sizes) {
        const level = ofVisit * stream.uniform();
        for (let k = 0; k < size; k++) calls[i++] = level + ofCall * stream.uniform();
      }
      return dip(calls.sort());
    };
    if (simulated.size >= KEPT_FORMS) simulated.clear();
    simulated.set(form, (known = { dips: new Float64Array(STAGES.at(-1) as number), made: 0, more }));
  }
  while (known.made < draws) known.dips[known.made++] = known.more();
  return known.dips;
}
