import { SMALL_SHARE } from "../stats/attribution/left-over.ts";
import { INTERVAL_RULE } from "../stats/cells/cell-intervals.ts";
import { CHOICE_RULE } from "../stats/choices.ts";
import { TOLERANCE_RULE } from "../stats/detections/compare.ts";
import { EFFECTS_RULE } from "../stats/effects/effects.ts";
import { DRIFT_RULE } from "../stats/effects/persistence.ts";
import { FLOOR_RULES } from "../stats/floor/call.ts";
import { MODES_RULE } from "../stats/modes.ts";
import { GENERATOR_RULE } from "../stats/load/generator.ts";
import { TAIL_RULE } from "../stats/tails/tail.ts";
import { CALLS_RULE } from "../stats/cells/quantile-intervals.ts";
import { FINDING_RULE } from "../verdicts/verdict.ts";
import { sentence } from "./answer/names.ts";
import { SPEEDS_RULE } from "./answer/speeds.ts";
import { type Block, list, prose } from "./blocks.ts";
import { renderPage } from "./render/page.ts";

/** How one kind of number is made: an anchor of the page of methods. */
interface Method {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A rule as sentences. */
const rule = (text: string) => sentence(text.replace(/\.$/, ""));

const method = (id: string, title: string, ...texts: readonly string[]): Method => ({
  id,
  title,
  blocks: texts.map(prose),
});

/** Every method that the report names, in the order of its sections. Another one is an entry here; tables and figures name its id. */
export const METHODS: readonly Method[] = [
  {
    id: "words",
    title: "Words",
    blocks: [
      list([
        [{ strong: "Cell: " }, "one combination of client machine, server, client program, model, image and load."],
        [
          { strong: "Visit: " },
          "calls to one cell in a row: first warm-up calls, which do not count, then measured ones.",
        ],
        [{ strong: "Round: " }, "one visit to each cell that still needs calls, in random order."],
        [
          { strong: "Latency: " },
          "from decoded pixels in memory to decoded tensors in memory, by the client machine's monotonic clock.",
        ],
        [
          { strong: "Null model: " },
          "a model that answers a constant; its latency is that of protocol and wire alone.",
        ],
        [
          { strong: "Inconclusive: " },
          "the intervals allow more than one answer. It does not mean that there is no difference.",
        ],
      ]),
    ],
  },
  method(
    "answers",
    "Answers and their confidence",
    rule(CHOICE_RULE),
    "High confidence: every other option's interval lies above 1. A field of the heat map is the geometric mean, over the images, of the cells' medians. " +
      "Fields that are compared use only the images that all of them were measured on.",
    "An interval says how well these cells were measured here, not how other images, machines or days would do. The command that settles a question makes the " +
      "interval narrow enough: an interval that is twice too wide takes four times the visits, and 30 % are added.",
  ),
  method(
    "rates",
    "Rates",
    "Under a constant rate calls are due at fixed times, whether or not answers arrive (an open loop). Latency counts from when a call was due, so a slow answer " +
      "also counts in all calls that it delays. Answers a second: the answers of a visit after its first one, over the time from the first to the last.",
    "A server fell behind if the last third of a visit's calls took longer than the first third, by at least the time between two due calls (median over visits). Where calls come at " +
      "random, a queue grows and shrinks by itself, so it must be by more than chance explains (1 %). Then throughput, goodput and drift are told, and no percentile.",
    rule(GENERATOR_RULE),
  ),
  method("tails", "Percentiles under load", rule(TAIL_RULE)),
  method(
    "loadgen",
    "LoadGen-style results",
    "The scenarios are those of MLPerf's LoadGen (mlcommons/inference, loadgen). SingleStream: the 90th percentile of calls. MultiStream: the 99th percentile of queries of several calls. " +
      "Server: random calls, of which 99 % keep to a bound. Offline: all calls at once; answers a second.",
    "Early stopping as LoadGen has it (loadgen/early_stopping.cc): with n queries of which t are beyond a value, the value is shown to be no smaller than the percentile p if t or fewer of n would " +
      "be beyond it with a chance of at most 1 %, were the share p exactly within. The largest such t is left out, and the next latency is the estimate. It takes 64 queries for p90 and 662 for p99.",
  ),
  method(
    "quantiles",
    "Quantiles",
    "Type 7 (R, NumPy), of all calls of a row, whatever the image. p95 takes 72 calls and p99 takes 368: with fewer, a quantile is hardly different from the maximum. " +
      "These quantiles describe the calls that were made; the intervals of cells and answers say how well a latency is known.",
  ),
  method(
    "speeds",
    "Several speeds",
    rule(MODES_RULE),
    rule(SPEEDS_RULE),
    "A likely cause is named if the run recorded one: throttling by the control group, time that the hypervisor gave to others (steal), garbage collection. Otherwise a CPU quota of the " +
      "machine is named, if it has one.",
  ),
  method(
    "drift",
    "Latency over the run",
    "Each visit's median, divided by the median of its cell's visits. Cells with a single visit and the null model are left out.",
  ),
  method(
    "payload",
    "Latency against payload",
    "The slope is fitted by least squares over the cells of each model, and averaged over models.",
  ),
  method("floor", "The least a call can take", ...FLOOR_RULES),
  method(
    "attribution",
    "The parts of a request's time",
    "Encode and decode: the client's own work, by its clock. Server and wire format: the time of the null model between encoding and decoding, if its own machine calls it. " +
      "Network: how much longer the null model takes if the client machine calls it. Model: how much longer the model takes than the null model, if their own machine calls both, " +
      "averaged over client kinds.",
    `The parts are measured on other cells than the whole, so their sum is a test. Yes: the interval of what is left over lies within ${100 * SMALL_SHARE} % of the whole. ` +
      "No: that interval reaches beyond and excludes zero. Inconclusive: neither. The intervals hold for all rows together at 95 % (Bonferroni).",
  ),
  method(
    "judged",
    "The servers' own clocks",
    `Yes: the interval of the difference lies within ${100 * SMALL_SHARE} % of what the client saw. No: it reaches beyond and excludes zero. Inconclusive: neither. ` +
      "The intervals hold for all rows together at 95 % (Bonferroni).",
  ),
  method(
    "phases",
    "The phases of a call",
    "Encode, send, wait (until the first byte of the answer), receive and decode add up to the whole. All are means of the client's clock.",
  ),
  method("effects", "Effects", rule(EFFECTS_RULE), DRIFT_RULE),
  method(
    "verdicts",
    "Verdicts on the paper's conclusions",
    rule(FINDING_RULE),
    'The paper\'s own numbers go through the same test, with one exception: "remote is slower than local". This run compares calls from the client machine with calls from the ' +
      "server's own machine, to the same server and image. The paper has no local number for those images, so its server is compared with the client machine that calls itself.",
  ),
  method(
    "paper",
    "The paper's tables",
    "A number over several images is the mean of the images' means. Its interval comes from the noise of the model's visits and rounds (on the logarithm). A cell with a single " +
      "visit counts as noisy as similar cells; if it is an outlier, there is no interval.",
  ),
  method(
    "detections",
    "Answers compared",
    rule(TOLERANCE_RULE),
    "If only one of two answers has an object, the object's score counts as the difference.",
  ),
  method(
    "cells",
    "Cells and their intervals",
    rule(INTERVAL_RULE),
    rule(CALLS_RULE),
    "Too few visits: there is no interval, or it is wider than the median itself. ± %: how far the interval's farther end lies from the median.",
  ),
];

/** The page of methods, beside the report. */
export function methodsPage(): string {
  return renderPage(
    { title: "How Lathe's report is computed", eyebrow: "Lathe · methods" },
    METHODS.map((m) => ({ ...m, short: m.title })),
  );
}
