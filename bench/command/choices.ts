import { join } from "node:path";
import type { Values } from "../../lib/cli/spec.ts";
import { WrongUse } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import { type CellLimits, DEFAULT_LIMITS, limitsFor } from "../matrix/limits.ts";
import type { MatrixOptions } from "../plan/plan-matrix.ts";
import { BENCH, CAPACITY, type PLAN, RESUMED, RESUMED_CAPACITY } from "./options.ts";

/** The options of verbs that can go on with a run, and those of them that a resumed run reads. */
const RESUMING = { bench: [BENCH, RESUMED], capacity: [CAPACITY, RESUMED_CAPACITY] } as const;

/**
 * Refuses what a verb would not read: options of a new run if a run is resumed, a run's name if a new one begins.
 *
 * @throws WrongUse with all faults at once
 */
export function refuseUnread(
  resumes: boolean,
  named: string | undefined,
  given: ReadonlySet<string>,
  verb: keyof typeof RESUMING = "bench",
): void {
  const [all, read] = RESUMING[verb];
  const fix = `npx lathe ${verb} --help --all`;
  const unread = resumes ? [...given].filter((name) => name in all && !(name in read)) : [];
  if (unread.length > 0)
    throw new WrongUse(
      unread.map((name, i) => ({
        what: `--${name}: a resumed run keeps the options that it began with`,
        ...(i === unread.length - 1 && { fix }),
      })),
    );
  if (!resumes && given.has("accept-changes")) throw new WrongUse({ what: "--accept-changes without --resume", fix });
  if (!resumes && named !== undefined)
    throw new WrongUse({
      what: `unknown operand "${named}"`,
      expected: "options alone; a run is named with --resume",
      fix: `npx lathe ${verb} --resume ${named}, or npx lathe --help`,
    });
}

/** Names of two runs to compare. */
export interface TwoRuns {
  readonly earlier: string;
  readonly later: string;
}

/** The two runs of a command line. @throws WrongUse if there are not two */
export function twoRuns([earlier, later]: readonly string[]): TwoRuns {
  if (earlier !== undefined && later !== undefined) return { earlier, later };
  throw new WrongUse({
    what: `compare: ${earlier === undefined ? "no run" : "one run"}`,
    expected: "two: the earlier one and the later one",
    fix: "npx lathe compare 2026-11-22T18-00-00Z 2026-11-23T18-00-00Z --threshold 5%",
  });
}

/** The options of a run. */
export interface BenchOptions extends MatrixOptions {
  readonly stacks: readonly string[] | undefined;
  /** Files with stacks' outputs; undefined: they are read from Pulumi. */
  readonly outputs: readonly string[] | undefined;
  readonly seed: number;
  /** Runs of the same matrix, one after the other. */
  readonly repeat: number;
  /** The run that they repeat. */
  readonly repeatOf: string | undefined;
  readonly remark: string | undefined;
  /** Measure how fast the machines are before the run. */
  readonly score: boolean;
  /** What the other servers of a machine do while one is measured. */
  readonly neighbours: "frozen" | "running";
}

/** The options of a command line, by the names that the planner uses. */
export function benchOptions(values: Values<typeof PLAN> & Partial<Values<typeof BENCH>>): BenchOptions {
  const limits = {
    requests: values.requests,
    precision: values.precision,
    blockRequests: values.block,
    warmupRequests: values.warmup,
    timeoutMs: values.timeout === undefined ? undefined : values.timeout * 1000,
  };
  const givenLimits: CellLimits = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
  return {
    matrix: values.matrix,
    experiments: values.experiment,
    stacks: values.stack,
    outputs: values.outputs,
    models: values.models,
    images: values.images,
    photographs: values.photographs ?? join(repoRoot, "models/photographs.yaml"),
    clientKinds: values.client,
    placements: values.placement,
    seed: values.seed ?? 1,
    repeat: values.repeat ?? 1,
    repeatOf: values["repeat-of"],
    remark: values.remark,
    score: values["no-score"] !== true,
    neighbours: values.neighbours ?? "frozen",
    allowMissing: values["allow-missing"] === true,
    givenLimits,
    limits: {
      ...limitsFor(DEFAULT_LIMITS, givenLimits),
      budgetMs: values.budget === undefined ? null : values.budget * 60_000,
    },
  };
}
