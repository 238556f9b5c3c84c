import { type Cell, isPlain } from "../matrix/cell.ts";
import { type Contrast, WIDEST, ratioOfContrast } from "./effects/effects.ts";
import { type Estimate, type Interval, type RatioEstimate, ratioOf } from "./math/estimate.ts";
import { once } from "./math/memo.ts";
import { meanOverRounds } from "./effects/rounds.ts";
import { studentQuantile } from "./math/special.ts";
import { type Study, fitStudy, inDoubt, nullModels, placeOf } from "./study.ts";
import { known } from "../format/numbers.ts";

/** One answer to a question, beside the fastest one that was found. */
export interface Option {
  /** A place, a model, a client kind, or a place and a client kind. */
  readonly name: string;
  /** Its levels: `place`, `model` or `client`, or two of them. */
  readonly at: Readonly<Record<string, string>>;
  /**
   * Geometric mean of the cells' medians, milliseconds, by the model that `over` is from; the interval is null where each cell
   * was visited once, and wide where there were few rounds: what a round does to all options alike is no part of `over`.
   */
  readonly ms: RatioEstimate;
  /** Times as long as the fastest; 1 for that one. The interval is simultaneous with those of all other options. */
  readonly over: RatioEstimate;
  /** Nothing in these data says that another option is faster. */
  readonly maybeFastest: boolean;
}

/** A question that a reader has, and what a run answers. */
export interface Question {
  readonly about: "machine at home" | "machine" | "model" | "protocol" | "machine and protocol";
  /** Of which model, where the question is put for one. */
  readonly model?: string;
  /** Fastest first. One alone: there was nothing to choose. */
  readonly options: readonly Option[];
  /** `clear`: one is faster than all others. `tie`: some cannot be told apart. `once`: nothing was visited twice, so all is open. */
  readonly outcome: "clear" | "tie" | "once" | "one";
  /** Cells that each option was measured on: same models, clients, images and places for all. */
  readonly cells: number;
  /** How many it would have been, had every cell of the run been measured. */
  readonly planned: number;
  /** Options that have no cell in common with the others: nothing is said of them. */
  readonly leftOut: readonly string[];
}

/** How choices are made, for readers. */
export const CHOICE_RULE =
  "Options are compared on the combinations that all of them were measured on, by the model of log latency told under effects. " +
  "Where several are compared, their intervals are widened (Bonferroni, over all pairs) so that all of them hold together at " +
  "95 %; an option is called the fastest only where every other one's interval lies above 1";

const FACTORS = ["place", "model", "client", "image"] as const;
type Factor = (typeof FACTORS)[number];

/** What the options of a question differ in; they are compared with all else the same. */
const DIFFER: Readonly<Record<Question["about"], readonly Factor[]>> = {
  "machine at home": ["place"],
  machine: ["place"],
  model: ["model"],
  protocol: ["client"],
  "machine and protocol": ["place", "client"],
};

function coordinates(c: Cell): Readonly<Record<Factor, string>> {
  return { place: placeOf(c), model: c.model, client: c.clientKind, image: c.image };
}

/** The machine whose calls to others were measured, the one that calls most of them first; undefined: all stay at home. */
export function callerOf(cells: readonly Cell[]): string | undefined {
  const servers = new Map<string, Set<string>>();
  for (const c of cells)
    if (c.clientRole !== c.serverRole)
      servers.set(c.clientRole, (servers.get(c.clientRole) ?? new Set()).add(c.serverRole));
  return [...servers].sort(([, a], [, b]) => b.size - a.size)[0]?.[0];
}

/** A question as a run puts it: to which of its cells. */
interface Asked {
  readonly about: Question["about"];
  readonly cells: readonly Cell[];
  readonly model?: string;
}

function askedOf(study: Study): readonly Asked[] {
  const nulls = nullModels(study.manifest);
  const cells = study.manifest.cells.filter((c) => isPlain(c) && !nulls.has(c.model));
  const caller = callerOf(cells);
  const called = caller === undefined ? cells : cells.filter((c) => c.clientRole === caller);
  const home = cells.filter((c) => c.clientRole === c.serverRole);
  const models = [...new Set(cells.map((c) => c.model))];
  return [
    ...(caller === undefined ? [] : [{ about: "machine" as const, cells: called }]),
    { about: "model", cells: called },
    { about: "protocol", cells: called },
    { about: "machine at home", cells: home },
    ...models.map((model) => ({
      ...{ about: "machine and protocol" as const, model, cells: called.filter((c) => c.model === model) },
    })),
  ];
}

/** What a run answers to: which machine, which model, which protocol; and for each model which machine and protocol. */
export const questions = once((study: Study): readonly Question[] =>
  askedOf(study).flatMap(({ about, cells, model }) => ask(study, about, cells, model) ?? []),
);

/** A question that a run was to answer and cannot, for less than two of its options were measured on like cells. */
export interface Unanswered {
  readonly about: Question["about"];
  readonly model?: string;
  readonly options: number;
  readonly measured: number;
}

/** Questions that a run has options for, but not the cells. */
export const unanswered = once((study: Study): readonly Unanswered[] =>
  askedOf(study).flatMap(({ about, cells, model }): Unanswered[] => {
    const options = balance(cells, DIFFER[about], nameFor(about)).size;
    const measured = ask(study, about, cells, model)?.options.length ?? 0;
    return options > 1 && measured < 2 ? [{ about, ...(model === undefined ? {} : { model }), options, measured }] : [];
  }),
);

const nameFor = (about: Question["about"]) => (c: Cell) => DIFFER[about].map((f) => coordinates(c)[f]).join(", ");

/**
 * Puts one question to some cells of a run.
 *
 * @returns undefined where none of them was measured
 */
export function ask(
  study: Study,
  about: Question["about"],
  cells: readonly Cell[],
  model?: string,
): Question | undefined {
  const differ = DIFFER[about];
  const name = nameFor(about);
  const measured = cells.filter((c) => {
    const data = study.data.get(c.id);
    return data !== undefined && data.failure === undefined && data.visits.length > 0;
  });
  const balanced = [...balance(measured, differ, name)];
  if (balanced.length === 0) return undefined;
  const ids = new Set(balanced.flatMap(([, own]) => own.map((c) => c.id)));
  const fit = balanced.length < 2 ? undefined : fitStudy(study, (c) => ids.has(c.id))?.fit;
  if (balanced.length > 1 && fit === undefined) return undefined;
  const levels = ([cell]: readonly Cell[]) =>
    Object.fromEntries(differ.map((f) => [f, cell === undefined ? "" : coordinates(cell)[f]]));
  // Levels and ratios from one model, so that they tell one story.
  const groups = balanced.map(([option, own]) => {
    const level = fit?.level(levels(own));
    if (level !== undefined) return { option, own, value: level.log, centre: () => ratioOfContrast(level) };
    const mean = meanOf(study, own);
    const centre = () => (inDoubt(study, own) ? { ratio: Math.exp(mean.value), interval: null } : ratioOf(mean));
    return { option, own, value: mean.value, centre };
  });
  groups.sort((a, b) => a.value - b.value);
  const best = groups[0] as (typeof groups)[number];
  const pairs = (groups.length * (groups.length - 1)) / 2;
  const options = groups.map(({ option, own, centre }): Option => {
    const ms = centre();
    if (own === best.own || fit === undefined)
      return { name: option, at: levels(own), ms, over: { ratio: 1, interval: null }, maybeFastest: true };
    const contrast = fit.contrast(levels(own), levels(best.own));
    const interval = simultaneous(contrast, pairs);
    const over = { ratio: Math.exp(contrast.log), interval: known(interval && exp(interval)) };
    return { name: option, at: levels(own), ms, over, maybeFastest: over.interval === null || over.interval.low <= 1 };
  });
  return {
    ...{
      about,
      options,
      outcome: outcomeOf(options.slice(1), fit !== undefined && !Number.isNaN(fit.noise)),
      cells: best.own.length,
    },
    planned: Math.max(...[...balance(cells, differ, name).values()].map((own) => own.length)),
    leftOut: [...new Set(cells.map(name))].filter((option) => options.every((o) => o.name !== option)),
    ...(model === undefined ? {} : { model }),
  };
}

function outcomeOf(others: readonly Option[], noiseKnown: boolean): Question["outcome"] {
  if (others.length === 0) return "one";
  if (!noiseKnown && others.some((o) => o.over.interval === null)) return "once";
  return others.some((o) => o.maybeFastest) ? "tie" : "clear";
}

/**
 * Each option's cells, those alone of which every option has a like one: the same in all that options do not differ in. An
 * option without any in common with the one that has most is left out, so that one dead server does not silence the question.
 */
function balance(
  cells: readonly Cell[],
  differ: readonly Factor[],
  name: (c: Cell) => string,
): ReadonlyMap<string, readonly Cell[]> {
  const rest = (c: Cell) => JSON.stringify(FACTORS.filter((f) => !differ.includes(f)).map((f) => coordinates(c)[f]));
  const groups = Map.groupBy(cells, name);
  const bySize = [...groups].sort(([, a], [, b]) => b.length - a.length);
  let common: ReadonlySet<string> | undefined;
  const kept: string[] = [];
  for (const [option, own] of bySize) {
    const keys = new Set(own.map(rest));
    const both = common === undefined ? keys : new Set([...keys].filter((k) => common?.has(k)));
    if (both.size === 0) continue;
    common = both;
    kept.push(option);
  }
  return new Map(kept.map((option) => [option, (groups.get(option) ?? []).filter((c) => common?.has(rest(c)))]));
}

function meanOf(study: Study, cells: readonly Cell[]): Estimate {
  const models = new Map(cells.map((c) => [c.id, c.model]));
  return meanOverRounds(
    cells.flatMap((c) => study.data.get(c.id) ?? []),
    (v) => Math.log(v.medianMs),
    (data) => models.get(data.cell) ?? "",
  );
}

/** A contrast's 95 % interval, widened so that so many of them hold together (Bonferroni); null where that says nothing. */
export function simultaneous({ log, interval, df }: Contrast, comparisons: number): Interval | null {
  if (interval === null) return null;
  const quantile = (tail: number) => studentQuantile(1 - tail, df);
  const half = ((interval.high - interval.low) / 2) * (quantile(0.025 / Math.max(1, comparisons)) / quantile(0.025));
  return half > WIDEST ? null : { low: log - half, high: log + half };
}

const exp = ({ low, high }: Interval): Interval => ({ low: Math.exp(low), high: Math.exp(high) });
