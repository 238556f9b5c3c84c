import { formatMs, formatRatio, formatRatioInterval } from "../../../format/numbers.ts";
import { when } from "../../../format/when.ts";
import type { Interval } from "../../../stats/math/estimate.ts";
import type { LoadGenResult } from "../../../stats/load/loadgen.ts";
import { tellApart } from "../../answer/pooled.ts";
import type { Pooled } from "../../answer/types.ts";
import { type Block, type TableCell, fold, rights, table } from "../../blocks.ts";

/** The percentiles under load that are told, each with its interval. */
export function percentileBlocks(loads: readonly Pooled[]): Block[] {
  const told = loads.filter((g) => Object.keys(g.intervals ?? {}).length > 0);
  if (told.length === 0) return [];
  const { differ } = tellApart(loads);
  const ends = (interval: Interval | undefined) =>
    interval === undefined ? "–" : `${formatMs(interval.low)} to ${formatMs(interval.high)}`;
  return [
    fold(
      "Percentiles under load with their intervals",
      table({
        columns: [
          ...differ.map(([title]) => title),
          ...rights("p50, ms", "95 % interval", "p95, ms", "95 % interval", "p99, ms", "95 % interval"),
        ],
        rows: told.map((g) => [
          ...differ.map(([, of]) => of(g)),
          ...(["p50Ms", "p95Ms", "p99Ms"] as const).flatMap((key) => {
            const ms = g[key];
            return [ms === null ? "–" : formatMs(ms), ends(g.intervals?.[key])];
          }),
        ]),
        method: "tails",
      }),
    ),
  ];
}

const percent = (share: number | null | undefined) =>
  share == null ? "" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** What was recorded of client and server while calls were made, and how a load compares with one call at a time. */
export function meanwhileBlocks(loads: readonly Pooled[]): Block[] {
  const { differ } = tellApart(loads);
  const rows = loads.flatMap((g): TableCell[][] => {
    const f = g.figures;
    if (f === undefined || g.untold?.kind === "invalid") return [];
    return [
      [
        ...differ.map(([, of]) => of(g)),
        f.over === null ? "" : `${formatRatio(f.over.ratio)} (${formatRatioInterval(f.over.interval)})`,
        ...[percent(f.clientCpu), f.serverCpu === null ? "" : f.serverCpu.toFixed(2), percent(f.throttled)],
        ...[
          f.memoryBytes === null ? "" : `${(f.memoryBytes / 2 ** 20).toFixed(0)} MiB`,
          f.queue === null ? "" : f.queue.toFixed(2),
        ],
        percent(f.stolen),
      ],
    ];
  });
  if (rows.length === 0) return [];
  return [
    fold(
      "Client and server under load",
      table({
        columns: [
          ...differ.map(([title]) => title),
          ...rights(
            "times one call at a time",
            "client CPU",
            "server CPUs",
            "throttled",
            "server memory",
            "queue",
            "steal",
          ),
        ],
        rows,
        notes: [
          "Client CPU: share of a processor that the client used, without waiting until calls are due. Server CPUs: processors that the server used on average, " +
            "warm-up and lead-in included. Throttled: share of its CPU quota's periods in which it had to wait. Queue: requests that waited in the server's own queue on " +
            "average, if the server reports it. Times one call at a time: ratio of medians, if the same cells were also called one call at a time.",
          "The null model shows no part of a call's time under load, because calls to it do not wait in the queue of another model. " +
            "“Where the time goes” has the phases of these calls by the client's clock.",
        ],
        method: "rates",
      }),
    ),
  ];
}

/** Loads that are LoadGen's scenarios: what LoadGen would report. */
export function loadGenBlocks(loads: readonly Pooled[]): Block[] {
  const { differ } = tellApart(loads);
  const rows = loads.flatMap((g): TableCell[][] => {
    if (g.loadGen === undefined || g.untold?.kind === "invalid") return [];
    return [[...differ.map(([, of]) => of(g)), g.loadGen.scenario, ...resultOf(g, g.loadGen)]];
  });
  return [
    ...when(
      rows.length > 0,
      table({
        caption: "LoadGen-style",
        columns: [...differ.map(([title]) => title), "scenario", "result", "early stopping"],
        rows,
        notes: [
          "LoadGen-style: the scenarios and the early stopping of MLPerf's LoadGen, by Lathe's own client. These are not results of MLPerf, whose rules also ask for LoadGen itself, 600 s a run, " +
            "its data sets and an accuracy run. Early stopping assumes independent queries, which queued ones are not.",
        ],
        method: "loadgen",
      }),
    ),
  ];
}

function resultOf(
  g: Pooled,
  { estimate, pass, latency, leastCalls, queries, boundMs }: LoadGenResult,
): [TableCell, TableCell] {
  const name = `p${100 * (latency?.percentile ?? 0)}`;
  if (pass !== undefined) {
    const state: TableCell = pass.passes
      ? { text: `passes: ${name} ≤ ${boundMs} ms`, tone: "good" }
      : { text: `${name} ≤ ${boundMs} ms is not shown`, tone: "unsure" };
    const counts = `${pass.over} of ${pass.queries} queries were later`;
    return [state, pass.passes ? counts : `${counts}; it takes ${pass.more} more, all in time`];
  }
  if (estimate !== undefined) {
    if (!estimate.ok) return ["–", `takes ${estimate.needs} queries; there are ${estimate.queries}`];
    return [`${name}: ${formatMs(estimate.ms)} ms`, `${estimate.discarded} of ${estimate.queries} queries left out`];
  }
  const perSecond = g.achievedPerSecond;
  const asked = leastCalls === undefined ? "" : `MLPerf asks for ${leastCalls} samples; there are ${queries}`;
  return [perSecond === null ? "–" : `${Number(perSecond.toPrecision(3))} samples/s`, asked];
}
