import { type Cell, asDeployed, isPlain } from "../matrix/cell.ts";
import { balance, nameOf } from "./balance.ts";
import { ratioOfContrast, simultaneous } from "./effects/contrast.ts";
import type { Levels } from "./effects/design.ts";
import { meanOverRounds } from "./effects/rounds.ts";
import { alikeNames, factorLevels, factorsOf, placeFactors } from "./levels.ts";
import { type Estimate, type RatioEstimate, known, ofLog, ratioOf } from "./math/estimate.ts";
import { once } from "./math/memo.ts";
import { type Study, fitStudy, inDoubt, nullModels, togetherKey } from "./study.ts";
import { isTimed, logOfMs } from "./visits.ts";

/** One answer to a question, beside the fastest one that was found. */
export interface Option {
  /** Its levels, one after the other. */
  readonly name: string;
  /** Its levels on the axes that options differ in. */
  readonly at: Levels;
  /**
   * Geometric mean of the cells' medians, milliseconds, by the model that `over` is from; the interval is null if each cell
   * was visited once, and wide where there were few rounds: what a round does to all options alike is no part of `over`.
   */
  readonly ms: RatioEstimate;
  /** Times as long as the fastest; 1 for that one. The interval is simultaneous with those of all other options. */
  readonly over: RatioEstimate;
  /** Nothing in these data says that another option is faster. */
  readonly maybeFastest: boolean;
}

/** What a question is about. */
export interface Subject {
  /** The axes that its options differ in; they are compared with all else the same. */
  readonly differ: readonly string[];
  /** Whether it is put to local cells: each machine calls itself. */
  readonly local: boolean;
  /** Of which model, where the question is put for one. */
  readonly model?: string;
}

/** A question that a reader has, and what a run answers. */
export interface Question extends Subject {
  /** Fastest first. One alone: there was nothing to choose. */
  readonly options: readonly Option[];
  /** `clear`: one is faster than all others. `tie`: inconclusive between some. `once`: nothing was visited twice, so all is open. */
  readonly outcome: "clear" | "tie" | "once" | "one";
  /** Cells that each option was measured on: alike in all that options do not differ in. */
  readonly cells: number;
  /** How many it would have been, had every cell of the run been measured. */
  readonly planned: number;
  /** Options that have no cell in common with the others: nothing is said of them. */
  readonly leftOut: readonly string[];
  /** Of an average over models: for which of them another option is the fastest, and why that is no contradiction, in a sentence. */
  readonly agreement?: string;
}

/** How choices are made, for readers. */
export const CHOICE_RULE =
  "Options are compared on the combinations that all of them were measured on, by the model of log latency under Effects. " +
  "If several are compared, their intervals are widened (Bonferroni, over all pairs), so that all of them hold together at 95 %. " +
  "An option is called the fastest only if every other one's interval lies above 1";

/** The machine whose calls to others were measured, the one that calls most of them first; undefined: all cells are local. */
export function callerOf(cells: readonly Cell[]): string | undefined {
  const servers = new Map<string, Set<string>>();
  for (const c of cells)
    if (!c.local) servers.set(c.clientMachine, (servers.get(c.clientMachine) ?? new Set()).add(c.server));
  return [...servers].sort(([, a], [, b]) => b.size - a.size)[0]?.[0];
}

/** The questions of a run, each with the cells that it is put to. */
function askedOf(study: Study): readonly (Subject & { readonly cells: readonly Cell[] })[] {
  const nulls = nullModels(study.manifest);
  const cells = asDeployed(study.manifest.cells.filter((c) => isPlain(c) && !nulls.has(c.model)));
  const caller = callerOf(cells);
  const called = caller === undefined ? cells : cells.filter((c) => c.clientMachine === caller);
  // Nobody chooses what is sent: no question is about images.
  const asked = factorsOf(study.axes).filter((f) => f !== "image" && (f !== "placement" || caller !== undefined));
  const models = [...new Set(cells.map((c) => c.model))];
  return [
    ...asked.map((f) => ({ differ: [f], local: false, cells: called })),
    { differ: ["placement"], local: true, cells: cells.filter((c) => c.local) },
    ...models.map((model) => ({
      ...{
        differ: placeFactors(called, study.axes),
        local: false,
        model,
        cells: called.filter((c) => c.model === model),
      },
    })),
  ];
}

/**
 * What a run answers to: which level of each factor but the image (which machine, which protocol, which model), which machine when each calls
 * itself, and for each model which machine and protocol.
 */
export const questions = once((study: Study): readonly Question[] =>
  askedOf(study).flatMap(({ cells, ...subject }) => {
    const asked = ask(study, subject, cells);
    if (asked === undefined) return [];
    const agreement = agreementOf(study, asked, cells);
    return agreement === undefined ? [asked] : [{ ...asked, agreement }];
  }),
);

/** Where the answer for one model is not that of the average over models, and why; undefined if they agree. */
function agreementOf(study: Study, average: Question, cells: readonly Cell[]): string | undefined {
  const models = [...new Set(cells.map((c) => c.model))];
  if (average.model !== undefined || average.differ.includes("model") || models.length < 2) return undefined;
  const fastest = (q: Question | undefined) => (q?.outcome === "clear" ? q.options[0]?.name : undefined);
  const whole = fastest(average);
  const others = models.flatMap((model) => {
    const own = cells.filter((c) => c.model === model);
    const best = fastest(ask(study, { ...average, model }, own));
    return best === undefined || best === whole ? [] : [{ model, best }];
  });
  if (others.length === 0) return undefined;
  const named = others.map(({ model, best }) => `for ${model} it is ${best}`).join(", ");
  return whole === undefined
    ? `averaged over models no option is the fastest for sure, ${named}: models differ in what is fastest, or in how sure that is`
    : `averaged over models ${whole} is the fastest, ${named}: the effect depends on the model, and an average speaks for no single one`;
}

/** A question that a run was to answer and cannot, because less than two of its options were measured on like cells. */
export interface Unanswered extends Subject {
  readonly options: number;
  readonly measured: number;
}

/** Questions that a run has options for, but not the cells. */
export const unanswered = once((study: Study): readonly Unanswered[] =>
  askedOf(study).flatMap(({ cells, ...subject }): Unanswered[] => {
    const options = balance(cells, subject.differ, study.axes).size;
    const measured = ask(study, subject, cells)?.options.length ?? 0;
    return options > 1 && measured < 2 ? [{ ...subject, options, measured }] : [];
  }),
);

/**
 * Puts one question to some cells of a run.
 *
 * @returns undefined if none of them was measured
 */
export function ask(study: Study, subject: Subject, cells: readonly Cell[]): Question | undefined {
  const { differ } = subject;
  const name = (c: Cell) => nameOf(c, differ, study.axes);
  const measured = cells.filter((c) => {
    const data = study.data.get(c.id);
    return data?.failure === undefined && isTimed(data);
  });
  const balanced = [...balance(measured, differ, study.axes)];
  if (balanced.length === 0) return undefined;
  const ids = new Set(balanced.flatMap(([, own]) => own.map((c) => c.id)));
  const included = (c: Cell) => ids.has(c.id);
  // Servers that no client kind has in common are no factor beside the client kind: then each option is a level.
  const apart = balanced.length < 2 ? undefined : fitStudy(study, included)?.fit;
  const fit = apart ?? (balanced.length < 2 ? undefined : fitStudy(study, included, differ)?.fit);
  if (balanced.length > 1 && fit === undefined) return undefined;
  const of = (at: Levels, option: string): Levels =>
    apart === undefined ? { [togetherKey(differ, study.axes)]: option } : at;
  // Levels and ratios from one model, so that they agree.
  const groups = balanced.map(([option, own]) => {
    const all = factorLevels(own[0], study.axes);
    const at: Levels = Object.fromEntries(differ.map((f) => [f, all[f] ?? ""]));
    const level = fit?.level(of(at, option));
    if (level !== undefined) return { option, at, own, value: level.log, centre: () => ratioOfContrast(level) };
    const mean = meanOf(study, own);
    const centre = () => (inDoubt(study, own) ? { ratio: ofLog(mean.value), interval: null } : ratioOf(mean));
    return { option, at, own, value: mean.value, centre };
  });
  groups.sort((a, b) => a.value - b.value);
  const best = groups[0] as (typeof groups)[number];
  const pairs = (groups.length * (groups.length - 1)) / 2;
  const options = groups.map(({ option, at, own, centre }): Option => {
    const ms = centre();
    if (own === best.own || fit === undefined)
      return { name: option, at, ms, over: { ratio: 1, interval: null }, maybeFastest: true };
    const contrast = fit.contrast(of(at, option), of(best.at, best.option));
    const { log, doubt } = contrast;
    const found = ratioOfContrast({ log, doubt, interval: simultaneous(contrast, pairs) });
    const over = { ...found, interval: known(found.interval) };
    return { name: option, at, ms, over, maybeFastest: !isSlower(over, contrast.caution) };
  });
  return {
    ...subject,
    options,
    outcome: outcomeOf(options.slice(1), fit !== undefined && !Number.isNaN(fit.noise)),
    cells: best.own.length,
    planned: Math.max(...[...balance(cells, differ, study.axes).values()].map((own) => own.length)),
    leftOut: [...new Set(cells.map(name))].filter((option) => options.every((o) => o.name !== option)),
  };
}

/** Whether a ratio is surely above 1, its interval widened so many times. */
function isSlower({ ratio, interval }: RatioEstimate, caution: number): boolean {
  return interval !== null && Math.log(ratio) - caution * Math.log(ratio / interval.low) > 0;
}

function outcomeOf(others: readonly Option[], noiseKnown: boolean): Question["outcome"] {
  if (others.length === 0) return "one";
  if (!noiseKnown && others.some((o) => o.over.interval === null)) return "once";
  return others.some((o) => o.maybeFastest) ? "tie" : "clear";
}

function meanOf(study: Study, cells: readonly Cell[]): Estimate {
  const names = new Map(cells.map((c) => [c.id, alikeNames(c, study.axes)[2]]));
  return meanOverRounds(
    cells.flatMap((c) => study.data.get(c.id) ?? []),
    (v) => logOfMs(v.medianMs),
    (data) => names.get(data.cell) ?? "",
  );
}
