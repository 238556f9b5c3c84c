import { protocolTitle } from "../../../clients/registry.ts";
import { type CapacityResult, type CapacityResults, outcomeText } from "../../capacity/result.ts";

const rate = (perSecond: number) => `${Number(perSecond.toPrecision(3))}`;

const who = ({ target: t }: CapacityResult) =>
  `${t.model} over ${protocolTitle(t.protocol)} (${t.clientMachine} → ${t.server})`;

/** What a run of searches found in one line, with its rate: of several searches the highest that was found. Pure. */
export function capacityTitle({ slo, results }: CapacityResults): string {
  const known = results.filter((r) => r.capacity.perSecond !== null);
  const found = known.filter((r) => r.capacity.outcome === "found");
  const [best] = (found.length > 0 ? found : known).toSorted(
    (a, b) => (b.capacity.perSecond ?? 0) - (a.capacity.perSecond ?? 0),
  );
  const [first] = results;
  if (best === undefined)
    return `No capacity with ${slo.text}: ${first === undefined ? "nothing was measured" : outcomeText(first.capacity)}`;
  const { perSecond, interval, outcome } = best.capacity;
  const most = `${results.length > 1 ? "The highest rate that was found" : "The highest rate"} with ${slo.text}`;
  if (outcome === "found") return `${most}: ${rate(perSecond ?? 0)} calls/s, ${who(best)}`;
  const far = interval === null ? rate(perSecond ?? 0) : `${rate(interval.low)} to ${rate(interval.high)}`;
  const why = outcome === "open" ? "" : `; ${outcomeText(best.capacity)}`;
  return `The highest rate with ${slo.text} is not known: ${far} calls/s so far, ${who(best)}${why}`;
}
