import { SMALL_SHARE } from "../stats/attribution/sums.ts";
import { INTERVAL_RULE } from "../stats/cells/cell-intervals.ts";
import { CHOICE_RULE } from "../stats/choices.ts";
import { TOLERANCE_RULE } from "../stats/detections/compare.ts";
import { EFFECTS_RULE } from "../stats/effects/effects.ts";
import { DRIFT_RULE } from "../stats/effects/persistence.ts";
import { MODES_RULE } from "../stats/modes.ts";
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
          "some calls to one cell in a row; first warm-up calls, which do not count, then measured ones.",
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
    "High confidence: every other option's interval lies above 1. A field of the heat map is the geometric mean over the images of the cells' medians; " +
      "fields that are compared use the images that all of them were measured on.",
    "An interval says how well these cells were measured here, not how other images, machines or days would do. The command that settles a question asks for as " +
      "many times the visits as its interval is too wide by, squared, and 30 % more.",
  ),
  method(
    "rates",
    "Rates",
    "Under a constant rate calls are due at fixed distances, whether or not answers arrive (an open loop). Latency counts from when a call was due, so a slow answer " +
      "is seen by all calls that it delays. Answers a second: answers from a visit's first one to its last one, over the time between them.",
    "A server fell behind where the last third of a visit's calls took at least one call's distance longer than the first third (median over visits).",
  ),
  method(
    "quantiles",
    "Quantiles",
    "Type 7 (R, NumPy), of all calls of a row, whatever the image. p95 is shown from 72 calls on and p99 from 368 on: with fewer, a quantile is hardly more than the maximum. " +
      "These quantiles describe the calls that were made; the intervals of cells and answers say how well a latency is known.",
  ),
  method(
    "speeds",
    "Several speeds",
    rule(MODES_RULE),
    rule(SPEEDS_RULE),
    "A likely cause is named where something was recorded that goes with it: throttling by the control group, steal, garbage collection; otherwise a quota of the machine.",
  ),
  method(
    "drift",
    "Latency over the run",
    "Each visit's median over the median of its cell's visits. Cells with a single visit and the null model take no part.",
  ),
  method(
    "payload",
    "Latency against payload",
    "The slope is that of least squares over cells, within each model, averaged over models.",
  ),
  method(
    "attribution",
    "The parts of a request's time",
    "Encode and decode: the client's own work, by its clock. Server and wire format: what the null model takes between encoding and decoding, called by its own machine. " +
      "Network: what the null model takes more than that, called from the client machine. Model: what the model takes longer than the null model, both called by their own machine, " +
      "averaged over client programs.",
    `Each part is measured on other cells than the whole, so the sum is a test. Adds up: the interval of what is left over lies within ${100 * SMALL_SHARE} % of the whole. ` +
      "It does not: that interval reaches beyond and excludes zero. Inconclusive: neither. The intervals hold for all rows together at 95 % (Bonferroni).",
  ),
  method(
    "judged",
    "The servers' own clocks",
    `Agree: the interval of the difference lies within ${100 * SMALL_SHARE} % of what the client saw. They do not: it reaches beyond and excludes zero. Inconclusive: neither. ` +
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
    'The paper\'s own numbers go through the same test as far as they allow it. For "remote is slower than local" they do not: this run compares a server called from the client ' +
      "machine with the same server called by its own machine, image by image; the paper has no local number for those images, so its server is compared with the client " +
      "machine that calls itself.",
  ),
  method(
    "paper",
    "The paper's tables",
    "A number over several images is the mean of the images' means. Its interval comes from the noise of the model's visits and rounds (on the logarithm); a cell with a single " +
      "visit is taken to be as noisy as cells like it. There is no interval where such a cell is an outlier.",
  ),
  method(
    "detections",
    "Answers compared",
    rule(TOLERANCE_RULE),
    "An object that only one answer has counts with its score.",
  ),
  method(
    "cells",
    "Cells and their intervals",
    rule(INTERVAL_RULE),
    rule(CALLS_RULE),
    "Too few visits: there is no interval, or it is wider than the median itself. ± %: how far the interval's ends lie from the median.",
  ),
];

/** The page of methods, beside the report. */
export function methodsPage(): string {
  return renderPage(
    { title: "How Lathe's report is computed", eyebrow: "Lathe · methods" },
    METHODS.map((m) => ({ ...m, short: m.title })),
  );
}
