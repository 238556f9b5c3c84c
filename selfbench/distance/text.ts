import { LIMIT_TITLES } from "../../bench/stats/floor/call.ts";
import { formatMs } from "../../bench/format/numbers.ts";
import { formatTable } from "../../lib/table.ts";
import { MBITS, type Measured, STATES, errorsOf } from "./cells.ts";
import type { Named } from "./planted.ts";

/** All that is printed. */
export interface DistanceResult {
  readonly grid: readonly Measured[];
  readonly planted: readonly Named[];
  readonly simulated: readonly Named[];
  readonly goals: { readonly error: number; readonly named: number };
  readonly met: { readonly error: boolean; readonly simulated: boolean; readonly planted: boolean };
  readonly took: string;
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const verdict = (met: boolean) => (met ? "met" : "MISSED");

/** The tables, each with a sentence that sums it up. Pure. */
export function distanceText({ grid, planted, simulated, goals, met, took }: DistanceResult): string {
  return [
    ...(grid.length === 0 ? [] : [gridTable(grid), errorText(grid, goals.error, met.error)]),
    namedText("Calls over real links", planted, goals.named, met.planted),
    namedText("Simulated calls", simulated, goals.named, met.simulated),
    `Measured in ${took}.`,
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

/** Measured milliseconds and floors: a row for each link and protocol, columns by the state of the connection. */
function gridTable(grid: readonly Measured[]): string {
  const rows = [...Map.groupBy(grid, (c) => JSON.stringify([c.rttMs, c.mbit, c.port])).values()].map((own) => {
    const [first] = own as [Measured, ...Measured[]];
    const of = (state: string) => own.find((c) => c.state === state);
    return [
      ...[String(first.rttMs), String(first.mbit), first.port],
      ...STATES.flatMap((state) => {
        const cell = of(state);
        return cell === undefined
          ? ["", "", ""]
          : [formatMs(cell.ms), formatMs(cell.predictedMs), cell.ratio.toFixed(2)];
      }),
    ];
  });
  const columns = ["RTT, ms", "Mbit/s", "protocol", ...STATES.flatMap((s) => [`${s}, ms`, "floor", "ratio"])];
  return formatTable(
    columns.map((title, i) => ({ title, align: i === 2 ? "left" : "right" })),
    rows,
  );
}

function errorText(grid: readonly Measured[], goal: number, met: boolean): string {
  const { median, within10 } = errorsOf(grid);
  const parts = [
    ...STATES.map((state) => [state, grid.filter((c) => c.state === state)] as const),
    ...(["grpc", "rest"] as const).map((port) => [port, grid.filter((c) => c.port === port)] as const),
    ...MBITS.map((mbit) => [`${mbit} Mbit/s`, grid.filter((c) => c.mbit === mbit)] as const),
  ].flatMap(([name, own]) => (own.length === 0 ? [] : [`${name} ${(100 * errorsOf(own).median).toFixed(1)} %`]));
  return (
    `The floor's median error over ${grid.length} cells is ${(100 * median).toFixed(1)} % (goal: ${percent(goal)}, ${verdict(met)}). ` +
    `It is within 10 % in ${percent(within10)} of the cells. Median errors: ${parts.join(", ")}.`
  );
}

function namedText(title: string, named: readonly Named[], goal: number, met: boolean): string {
  if (named.length === 0) return "";
  const sum = (of: (n: Named) => number) => named.reduce((total, n) => total + of(n), 0);
  const [right, cases] = [sum((n) => n.right), sum((n) => n.cases)];
  const each = named.map((n) => `${LIMIT_TITLES[n.limit]} ${n.right} of ${n.cases}`).join(", ");
  return `${title}: ${right} of ${cases} planted limits are named right (goal: ${percent(goal)}, ${verdict(met)}): ${each}.`;
}
