import { and, count } from "../../../lib/words.ts";
import { when } from "../../format/when.ts";
import { detectionAlarms, findingsOf } from "../../stats/detections/findings.ts";
import { outlierCells, untestedCells } from "../../stats/study.ts";
import { type ReportInputs, neverReached } from "../section.ts";
import type { Caveat, FindingAnswer } from "./types.ts";

/** Most outliers that are named. */
const NAMED = 5;

/** What a reader must know beside the numbers, what matters most first. */
export function caveatsOf(inputs: ReportInputs): readonly Caveat[] {
  const { manifest, study } = inputs;
  const alarms = study?.seen === undefined ? [] : detectionAlarms(findingsOf(manifest, study.seen));
  return [
    ...alarms.map((whole): Caveat => ({ short: "answers differ", whole, tone: "bad" })),
    ...failed(inputs),
    ...partial(inputs),
    ...invalid(inputs),
    ...behind(inputs),
    ...tooLarge(inputs),
    ...outliers(inputs),
    ...disturbed(inputs),
    ...remarks(inputs),
  ];
}

/** What so few rounds cannot tell of the answers about machines, said once for all of them. */
export function doubtCaveat(answers: readonly FindingAnswer[]): Caveat[] {
  const doubts = [...new Set(answers.map(({ doubt }) => doubt))].filter((doubt) => doubt !== "");
  return doubts.map((doubt) => ({
    short: "few rounds for machines",
    whole: `Comparison of machines: ${doubt}.`,
    tone: "unsure",
  }));
}

function failed({ cells, summaries }: ReportInputs): Caveat[] {
  const own = [...summaries.values()];
  const calls = own.reduce((sum, s) => sum + s.failedCalls, 0);
  const visits = own.reduce((sum, s) => sum + s.failures, 0);
  const hit = own.filter((s) => s.failedCalls + s.failures > 0 || s.failure !== undefined).length;
  if (hit === 0) return [];
  const whole =
    `Something failed in ${hit} of ${count(cells.length, "cell")}: ${count(calls, "measured call")} and ${count(visits, "visit")}. ` +
    "Latencies are those of the calls that succeeded. If calls ran into their timeout, the true latency is longer.";
  const short = calls > 0 ? `${count(calls, "call")} failed` : `${count(hit, "cell")} failed`;
  return [{ short, whole, tone: "bad" }];
}

function partial(inputs: ReportInputs): Caveat[] {
  const missing = neverReached(inputs).length;
  const all = inputs.cells.length;
  const whole = `This run is not complete: ${missing} of its ${count(all, "cell")} were never measured. It was stopped, its time was up, or it is still going on.`;
  return [...when<Caveat>(missing > 0, { short: `${missing} of ${all} cells not measured`, whole, tone: "bad" })];
}

function invalid({ study, cells }: ReportInputs): Caveat[] {
  const found = [...(study?.untold ?? [])].filter(([, { kind }]) => kind === "invalid");
  const [first] = found;
  if (first === undefined) return [];
  const whole =
    `Invalid: ${found.length} of ${count(cells.length, "cell")}. The client was no good generator of calls there, so nothing that was measured is reported. ` +
    `${first[0]}: ${first[1].why}.`;
  return [{ short: `${count(found.length, "cell")} invalid`, whole, tone: "bad" }];
}

function behind({ conditions }: ReportInputs): Caveat[] {
  const found = [...(conditions?.values() ?? [])].filter((c) => c.behind).length;
  const whole =
    `In ${count(found, "cell")} the server could not keep the rate that was asked for. Each call waited longer than the one before, so latencies ` +
    "grew for as long as a visit lasted. Ask for a lower rate (ratePerSecond).";
  return [...when<Caveat>(found > 0, { short: `server fell behind in ${count(found, "cell")}`, whole, tone: "bad" })];
}

function tooLarge({ study }: ReportInputs): Caveat[] {
  const [first, ...others] = study?.seen?.tooLarge ?? [];
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : ` and of ${count(others.length, "other cell")}`;
  const whole =
    `The answer of ${first[0]} (${first[1]} values)${more} is too large to keep. It is timed like any other, but neither shown ` +
    "nor compared.";
  return [{ short: "answers too large to keep", whole, tone: "unsure" }];
}

function outliers({ study }: ReportInputs): Caveat[] {
  if (study === undefined) return [];
  const found = [...outlierCells(study)].sort(([, a], [, b]) => Math.abs(Math.log(b)) - Math.abs(Math.log(a)));
  const untested = untestedCells(study).size;
  const named = found.slice(0, NAMED).map(([cell, ratio]) => `${cell} (${ratio.toPrecision(2)} times the prediction)`);
  const more = found.length > NAMED ? `, and ${found.length - NAMED} more in report.json` : "";
  const whole =
    `These cells had a single visit, and it lies far from what the other cells of their model predict: ${and(named)}${more}. ` +
    "Answers and effects are computed without them; tables show what was measured. More visits would tell whether the cell or the visit is unusual.";
  return [
    ...when<Caveat>(found.length > 0, { short: count(found.length, "outlier"), whole, tone: "unsure" }),
    ...when<Caveat>(untested > 0, {
      short: `${count(untested, "cell")} with one visit`,
      whole: `${count(untested, "cell")} had one visit, and too few similar cells to tell whether that visit was usual. What rests on them has no interval.`,
      tone: "unsure",
    }),
  ];
}

function disturbed({ conditions }: ReportInputs): Caveat[] {
  const found = [...(conditions?.values() ?? [])].filter((c) => c.flagged);
  const [worst] = found.toSorted((a, b) => b.disturbedVisits / b.visits - a.disturbedVisits / a.visits);
  const whole =
    `In ${count(found.length, "cell")} the client machine was busy with something else during at least a quarter of the visits` +
    `${worst === undefined ? "" : `; for example ${worst.cell}: ${worst.disturbances.join("; ")}`}. Latencies there may be too long.`;
  return [
    ...when<Caveat>(found.length > 0, { short: `${count(found.length, "cell")} disturbed`, whole, tone: "unsure" }),
  ];
}

/** What the run itself says: stand-ins, random weights, hosts that share a machine, and remarks of a user's own. */
function remarks({ manifest }: ReportInputs): Caveat[] {
  return manifest.remarks.map((whole) => ({ short: shortOf(whole), whole, tone: "unsure" as const }));
}

/** The remarks that Lathe itself makes (run/new-manifest.ts, the demo), in a few words. */
const SHORT: readonly (readonly [RegExp, string])[] = [
  // The second form is that of older runs.
  [/^(?:Note on server .*?|Server .*?, as its image says): (.*)$/, "$1"],
  [/^Server .*stand-in/, "stand-in servers"],
  [/^Model (\S+):.*random weights/, "$1: timing only"],
  [/^Machine .*: other servers of Lathe/, "other servers ran beside"],
  [/namespaces on one machine|one kernel and CPU model in common/, "machines share one computer"],
];

function shortOf(remark: string): string {
  const [form, short] = SHORT.find(([pattern]) => pattern.test(remark)) ?? [];
  const text = form === undefined ? remark : (short ?? "").replace("$1", () => form.exec(remark)?.[1] ?? "");
  const words = text.split(/\s+/);
  return words.length <= 7 ? text.replace(/\.$/, "") : `${words.slice(0, 6).join(" ")} …`;
}
