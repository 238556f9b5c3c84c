import { protocolTitle } from "../../../clients/registry.ts";
import { type CapacityResult, type CapacityResults, outcomeText } from "../../capacity/result.ts";
import { whyUncounted } from "../../capacity/step.ts";
import { formatMs } from "../../format/numbers.ts";
import { type Block, type TableCell, figure, only, prose, right, rights, table } from "../blocks.ts";
import { lookOf } from "../charts/colours.ts";
import { scaleOf, xyChart } from "../charts/xy.ts";
import type { Section } from "../section.ts";

/** The highest rate at which each server meets an SLO, and what each step showed. */
export const capacitySection: Section = {
  id: "capacity",
  title: "Capacity",
  blocks({ capacity: found }) {
    if (found === undefined || found.results.length === 0) return [];
    return [
      prose(`The highest rate at which ${found.slo.text} holds.`),
      only(["terminal", "markdown"], summaryTable(found)),
      curves(found),
      stepsTable(found),
    ];
  },
  json: ({ capacity: found }) => (found === undefined ? {} : { capacity: capacityDocument(found) }),
};

/** The searches as `report.json` and `--json` have them. Pure. */
export function capacityDocument({ slo, precision, results }: CapacityResults) {
  return {
    slo: slo.text,
    precision,
    searches: results.map(({ target, capacity, seconds, steps }) => {
      const { clientMachine, server, client, protocol, model, image } = target;
      const shown = steps.map(({ clumps: _, ...step }) => ({ ...step, ratePerSecond: step.ratePerSecond ?? null }));
      return { clientMachine, server, client, protocol, model, image, ...capacity, seconds, steps: shown };
    }),
  };
}

const place = ({ target: t }: CapacityResult) =>
  `${t.clientMachine} → ${t.server}, ${protocolTitle(t.protocol)} (${t.client}), ${t.model}`;
const rate = (perSecond: number | null) => (perSecond === null ? "–" : Number(perSecond.toPrecision(3)).toString());
const ms = (value: number | null) => (value === null ? "–" : formatMs(value));

/** A row for each search. Pure. */
export function summaryTable({ results }: CapacityResults): Block {
  return table({
    columns: [
      "search",
      ...rights("calls/s", "95 % interval", "alone, ms", "most answers/s", "steps", "seconds"),
      "outcome",
    ],
    rows: results.map((r): TableCell[] => {
      const { capacity: c } = r;
      const interval = c.interval === null ? "–" : `${rate(c.interval.low)} to ${rate(c.interval.high)}`;
      const tone = c.outcome === "found" ? "good" : c.outcome === "open" || c.outcome === "client" ? "unsure" : "bad";
      const numbers = [rate(c.perSecond), interval, ms(c.aloneMs), rate(c.throughputPerSecond)];
      return [place(r), ...numbers, String(r.steps.length), r.seconds.toFixed(0), { text: outcomeText(c), tone }];
    }),
    notes: [
      "calls/s: the capacity. alone: the median of calls made one after the other. most answers/s: the highest throughput of any step, closed loops too. docs/load.md says how the capacity is found.",
    ],
  });
}

function stepsTable({ slo, results }: CapacityResults): Block {
  const percentile = slo.text.split(" ")[0] ?? "";
  return table({
    caption: "Steps: what each rate that was tried showed",
    columns: [
      "search",
      ...rights("calls/s", "calls", "missed", "answers/s", "in time/s", "drift, ms/s", "p50 ms", `${percentile} ms`),
      right("interval"),
    ],
    rows: results.flatMap((r) =>
      r.steps.map((s): TableCell[] => [
        place(r),
        s.ratePerSecond === undefined ? `closed, x${s.connections}` : rate(s.ratePerSecond),
        ...stepCells(s),
      ]),
    ),
    notes: [
      "In overload no percentile is shown: it would say how long the step was. drift: by how much calls got slower in each second of the step. –: too few calls to tell.",
      ...uncountedNotes(results),
    ],
  });
}

function stepCells(step: CapacityResult["steps"][number]): TableCell[] {
  const { n, missed, throughputPerSecond, goodputPerSecond, driftMsPerSecond: drift, overload, tail } = step;
  if (whyUncounted(step) !== undefined) return [String(n), "", "", "", "", "does not count", "", ""];
  return [
    ...[String(n), String(missed), rate(throughputPerSecond), rate(goodputPerSecond)],
    drift === null ? "–" : drift.toFixed(1),
    ...(overload
      ? ["overload", "", ""]
      : [ms(step.p50Ms), ms(step.tailMs), tail === null ? "–" : `${ms(tail.low)} to ${ms(tail.high)}`]),
  ];
}

const MOST_REASONS = 5;

/** Why steps do not count. */
function uncountedNotes(results: readonly CapacityResult[]): string[] {
  const all = results.flatMap((r) => r.steps.map(whyUncounted)).filter((why) => why !== undefined);
  const reasons = [...new Set(all)];
  if (reasons.length === 0) return [];
  const more = reasons.length > MOST_REASONS ? `; and ${reasons.length - MOST_REASONS} more` : "";
  return [
    `${all.length} ${all.length === 1 ? "step does" : "steps do"} not count, because the client machine was no good generator of calls: ${reasons.slice(0, MOST_REASONS).join("; ")}${more}.`,
  ];
}

/** Latency over throughput, a picture a search; overload stands on the line of the limit, where no latency is. */
function curves({ slo, results }: CapacityResults): Block {
  const drawn = results.filter((r) => r.steps.some((s) => s.ratePerSecond !== undefined));
  if (drawn.length === 0) return only([]);
  const percentile = slo.text.split(" ")[0] ?? "";
  const all = drawn.flatMap((r) => r.steps);
  const y = scaleOf("ms (log)", [slo.limitMs, ...all.flatMap((s) => [s.p50Ms ?? NaN, s.tailMs ?? NaN])], true);
  const words = (r: CapacityResult) =>
    `${place(r)}: ${outcomeText(r.capacity)}, ${rate(r.capacity.perSecond)} calls a second`;
  return only(
    ["html"],
    figure({
      title: "Latency over throughput",
      caption: `Filled: p50. Hollow: ${percentile}. The line is the SLO's bound. Diamonds: overloaded steps, which have no latency and are drawn on that line.`,
      alternative: drawn.map(words).join("; "),
      panels: drawn.map((r) => {
        const look = lookOf(r.target.client);
        const steps = r.steps
          .filter(
            (s) => s.ratePerSecond !== undefined && s.throughputPerSecond !== null && whyUncounted(s) === undefined,
          )
          .toSorted((a, b) => (a.ratePerSecond ?? 0) - (b.ratePerSecond ?? 0));
        const points = (of: (s: (typeof steps)[number]) => number | null) =>
          steps.flatMap((s) => (of(s) === null ? [] : [{ x: s.throughputPerSecond ?? 0, y: of(s) as number }]));
        const x = scaleOf("answers a second", [0, ...steps.map((s) => s.throughputPerSecond ?? 0)], false);
        const overload = points((s) => (s.overload ? slo.limitMs : null));
        return {
          title: place(r),
          picture: xyChart({
            ...{ label: words(r), x, y, reference: slo.limitMs },
            series: [
              { name: "p50", ...look, points: points((s) => s.p50Ms), line: true, title: "p50" },
              {
                name: percentile,
                ...look,
                hollow: true,
                points: points((s) => s.tailMs),
                line: true,
                title: percentile,
              },
              { name: "overload", ...look, sign: "diamond", points: overload },
            ],
          }),
        };
      }),
    }),
  );
}
