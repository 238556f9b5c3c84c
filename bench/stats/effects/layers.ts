import { dot, multiply, rowOf } from "../math/matrix.ts";
import { type BlockSums, type Sample, type Solved, blockSums, solve } from "./blocks.ts";
import { type Component, KNOWN_DF, type Layer } from "./components.ts";
import { isLasting, lastingVariance, persistenceOf } from "./persistence.ts";

type Rounds = ReadonlyMap<number, number>;
type Name = (sample: Sample) => string;
export type Block = BlockSums & Solved;

/** Least squares with a level for each round of each block: of the whole, of a machine, of a placement, of a group there. */
export interface Step {
  readonly nameOf: Name;
  readonly blocks: readonly Block[];
  readonly sums: ReturnType<typeof blockSums>;
  readonly rank: number;
  readonly explained: number;
  /** What is left beside these levels, and its degrees of freedom. */
  readonly squares: number;
  readonly free: number;
}

function stepOf(samples: readonly Sample[], rounds: Rounds, nameOf: Name): Step {
  const sums = blockSums(samples, nameOf, rounds);
  const blocks = sums.machines.map((m): Block => ({ ...m, ...solve(m) }));
  const rank = blocks.reduce((sum, b) => sum + b.rank, 0);
  const explained = blocks.reduce((sum, b) => sum + b.explained, 0);
  const free = sums.samples.length - sums.cells - rank;
  return { nameOf, blocks, sums, rank, explained, squares: Math.max(0, sums.squares - explained), free };
}

const WHOLE: Name = () => "";
const MACHINE: Name = (s) => s.machine;
const PLACEMENT: Name = (s) => s.within?.[0] ?? s.machine;
const GROUP: Name = (s) => s.within?.[1] ?? s.machine;

/**
 * The steps from rounds of the whole on. Those to machines and to the whole are always made, the finer ones as far as they leave
 * something to know the visits' own noise by.
 */
export function stepsOf(samples: readonly Sample[], rounds: Rounds, swept: boolean): Step[] {
  const oneMachine = samples.every((s) => s.machine === samples[0]?.machine);
  const steps = [WHOLE, ...(oneMachine && !swept ? [] : [MACHINE])].map((name) => stepOf(samples, rounds, name));
  if (samples.every((s) => s.within === undefined)) return steps;
  for (const name of [PLACEMENT, GROUP]) {
    const next = stepOf(samples, rounds, name);
    if (next.free < KNOWN_DF) break;
    steps.push(next);
  }
  return steps;
}

/** A layer in the making. */
interface Part {
  readonly step: Step;
  readonly coarse: Step | undefined;
  readonly own: number;
  readonly about: (sample: Sample) => boolean;
  readonly wide: boolean;
}

/** The layers of noise that steps show, the widest first. Groups are told apart by model: a slow one is as steady as it is. */
export function layersOf(
  steps: readonly Step[],
  samples: readonly Sample[],
  { rounds, own, swept }: { readonly rounds: Rounds; readonly own: Component; readonly swept: boolean },
): { readonly layers: readonly Layer[]; readonly knowsRounds: boolean } {
  const parts = steps.flatMap((step, k): Part[] => {
    const coarse = steps[k - 1];
    if (coarse === undefined && swept) return [];
    if (step.nameOf !== GROUP)
      return [{ step, coarse, own: own.variance, about: () => true, wide: step.nameOf !== PLACEMENT }];
    return [...Map.groupBy(samples, modelOf)].map(([model, some]) => {
      const fine = stepOf(some, rounds, GROUP);
      const variance = fine.free < KNOWN_DF ? own.variance : fine.squares / fine.free;
      const about = (s: Sample) => modelOf(s) === model;
      return { step: fine, coarse: stepOf(some, rounds, PLACEMENT), own: variance, about, wide: false };
    });
  });
  const known = parts.filter((p) => p.step.rank > (p.coarse?.rank ?? 0));
  const layers: Layer[] = [];
  // The finest first: what it makes of a mean square of the wider ones is known then.
  for (const [k, part] of [...known.entries()].reverse()) {
    const df = part.step.rank - (part.coarse?.rank ?? 0);
    const counts = known.map((finer, j) =>
      j < k || (j > k && !part.wide && part.step.nameOf === GROUP)
        ? 0
        : (inSquares(part.step, finer.step) - (part.coarse === undefined ? 0 : inSquares(part.coarse, finer.step))) /
          df,
    );
    const square = (part.step.explained - (part.coarse?.explained ?? 0)) / df;
    const ofFiner = layers.reduce((sum, layer, i) => sum + (counts[k + 1 + i] ?? 0) * layer.variance, 0);
    const variance = Math.max(0, (square - part.own - ofFiner) / (counts[k] ?? NaN));
    const levels = part.wide ? levelsOf(part) : [];
    const persistence = persistenceOf(levels);
    const lasting = lastingVariance(rounds.size, persistence);
    layers.unshift({
      variance: variance * lasting.factor,
      // A finer layer that shows nothing goes by what the visits show.
      df: !part.wide && variance === 0 ? Infinity : Math.max(1, df * lasting.df),
      ...{ counts: counts.slice(k), own: part.own, persistence },
      wide: part.wide,
      lasts: isLasting(levels, part.coarse === undefined ? 0 : 1),
      nameOf: (sample) => (part.about(sample) ? part.step.nameOf(sample) : undefined),
    });
  }
  return { layers, knowsRounds: known.some((p) => p.wide) };
}

const modelOf = (s: Sample) => s.alike.at(-1) ?? "";

/** How often the variance of one layer is in the sum of squares that a step explains, whose blocks are as wide or wider. */
function inSquares(step: Step, finer: Step): number {
  const blocks = new Map(step.blocks.map((b) => [nameIn(b, step.nameOf), b]));
  return finer.blocks.reduce((sum, q) => {
    const block = blocks.get(nameIn(q, step.nameOf));
    return block === undefined ? sum : sum + trace(block, q);
  }, 0);
}

const nameIn = ({ cells: [visits] }: Block, nameOf: Name) => {
  const sample = visits?.[0]?.sample;
  return sample === undefined ? "" : nameOf(sample);
};

/** The trace of inverse x information x information. */
function trace({ matrix }: Block, { information, score }: Block): number {
  const size = score.length;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    const row = rowOf(information, i, size);
    if (row[i] === 0) continue;
    sum += dot(multiply(matrix, row), row);
  }
  return sum;
}

/** The level of each round of each block, less that of the wider block that it belongs to. */
function levelsOf({ step, coarse }: Part): ReadonlyMap<number, number>[] {
  const wider = new Map(coarse?.blocks.map((b) => [nameIn(b, coarse.nameOf), b.levels]));
  return step.blocks.map((b) => {
    const base = coarse === undefined ? undefined : wider.get(nameIn(b, coarse.nameOf));
    const seen = [...b.levels.keys()].filter((i) => (b.information[i * b.levels.length + i] ?? 0) > 0);
    const values = seen.map((i) => (b.levels[i] as number) - (base?.[i] ?? 0));
    const centre = values.reduce((a, v) => a + v, 0) / values.length;
    return new Map(seen.map((round, i) => [round, (values[i] as number) - centre]));
  });
}
