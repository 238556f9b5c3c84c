import type { Values } from "../../lib/cli/spec.ts";
import { readValues } from "../../lib/cli/values.ts";
import { WrongUse } from "../../lib/errors.ts";
import { PERCENT, percentOf } from "../format/percent.ts";
import { type CellLimits, DEFAULT_LIMITS, limitsFor } from "../matrix/limits.ts";
import type { MatrixOptions } from "../plan/plan-matrix.ts";
import { BENCH, COMPARE, KINDS, MATRIX, NEW_RUN, PLACES, type PLAN, RESUMED } from "./options.ts";

/**
 * Refuses what a run would not read: options of a new run where one goes on, a run's name where a new one begins.
 *
 * @throws WrongUse with all of it
 */
export function refuseUnread(resumes: boolean, named: string | undefined, given: ReadonlySet<string>): void {
  const fix = "npx lathe bench --help --all";
  const unread = resumes ? [...given].filter((name) => name in BENCH && !(name in RESUMED)) : [];
  if (unread.length > 0)
    throw new WrongUse(
      unread.map((name, i) => ({
        what: `--${name}: a resumed run has what it began with`,
        ...(i === unread.length - 1 && { fix }),
      })),
    );
  if (!resumes && given.has("accept-changes")) throw new WrongUse({ what: "--accept-changes without --resume", fix });
  if (!resumes && named !== undefined)
    throw new WrongUse({
      what: `unknown operand "${named}"`,
      expected: "options alone; a run is named with --resume",
      fix: `npx lathe bench --resume ${named}, or npx lathe --help`,
    });
}

/** Runs to compare, as they were named. */
export interface TwoRuns {
  readonly earlier: string;
  readonly later: string;
}

/** @throws WrongUse where there are not two */
export function twoRuns([earlier, later]: readonly string[]): TwoRuns {
  if (earlier !== undefined && later !== undefined) return { earlier, later };
  throw new WrongUse({
    what: `compare: ${earlier === undefined ? "no run" : "one run"}`,
    expected: "two: the earlier one and the later one",
    fix: "npx lathe compare 2026-11-22T18-00-00Z 2026-11-23T18-00-00Z --threshold 5%",
  });
}

/** The options of a run, checked. */
export interface BenchOptions extends MatrixOptions {
  readonly stacks: readonly string[] | undefined;
  /** Files of outputs; undefined: Pulumi is asked. */
  readonly outputs: readonly string[] | undefined;
  readonly seed: number;
  /** Runs of the same matrix, one after the other. */
  readonly repeat: number;
  readonly remark: string | undefined;
}

type Given = Values<typeof PLAN> & Partial<Values<typeof NEW_RUN>>;

/**
 * Checks the options that say what is measured.
 *
 * @param name of the command, as typed
 * @throws WrongUse with all their faults at once
 */
export function benchOptions(values: Given, name: string): BenchOptions {
  const read = readValues(name);
  const precision = (text: string): number | null => {
    if (text === "none") return null;
    const value = percentOf(text) ?? NaN;
    if (!(value > 0 && value <= 1)) read.fault({ what: `--precision ${text}`, expected: `${PERCENT}, or none` });
    return value;
  };
  const images = read.list("images", values.images)?.map((word) => {
    const id = Number(word.replace(/^image-/i, ""));
    if (!Number.isInteger(id) || id < 1) read.fault({ what: `--images: "${word}"`, expected: "numbers such as 2,7" });
    return id;
  });
  const ifGiven = <T>(text: string | undefined, key: keyof CellLimits, value: (text: string) => T) =>
    text === undefined ? {} : { [key]: value(text) };
  const givenLimits: CellLimits = {
    ...ifGiven(values.requests, "requests", (text) => read.whole("requests", text, 1)),
    ...ifGiven(values.precision, "precision", precision),
    ...ifGiven(values.block, "blockRequests", (text) => read.whole("block", text, 1)),
    ...ifGiven(values.warmup, "warmupRequests", (text) => read.whole("warmup", text, 0)),
    ...ifGiven(values.timeout, "timeoutMs", (text) => read.number("timeout", text, 0.001) * 1000),
  };
  const budgetMs = values.budget === undefined ? null : read.number("budget", values.budget, 0.01) * 60_000;
  const options = {
    matrix: values.matrix,
    experiments: read.list("experiment", values.experiment),
    stacks: read.list("stack", values.stack),
    outputs: read.list("outputs", values.outputs),
    models: read.list("models", values.models),
    images,
    photographs: values.photographs ?? MATRIX.photographs.default,
    clientKinds: read.listOf("client", values.client, KINDS),
    places: read.listOf("place", values.place ?? MATRIX.place.default, PLACES) ?? [],
    seed: read.whole("seed", values.seed ?? NEW_RUN.seed.default, 0),
    repeat: read.whole("repeat", values.repeat ?? NEW_RUN.repeat.default, 1),
    remark: values.remark,
    allowMissing: values["allow-missing"] === true,
    givenLimits,
  };
  read.end();
  return { ...options, limits: { ...limitsFor(DEFAULT_LIMITS, givenLimits), budgetMs } };
}

/**
 * A threshold as a share.
 *
 * @throws WrongUse where it is no percentage above 0 and below 1000
 */
export function share(text: string = COMPARE.threshold.default): number {
  const value = percentOf(text) ?? NaN;
  if (value > 0 && value < 10) return value;
  throw new WrongUse({ what: `--threshold ${text}`, expected: `${PERCENT}; above 0 and below 1000` });
}
