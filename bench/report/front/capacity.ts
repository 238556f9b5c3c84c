import { protocolTitle } from "../../../clients/registry.ts";
import { type CapacityResult, type CapacityResults, outcomeText } from "../../capacity/result.ts";

const rate = (perSecond: number) => `${Number(perSecond.toPrecision(3))} calls/s`;

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
  const most = results.length > 1 ? "The most that was found" : "The highest rate";
  const doubt = found.length > 0 ? "" : `; ${outcomeText(best.capacity)}`;
  return `${most} with ${slo.text}: ${rate(best.capacity.perSecond ?? 0)}, ${who(best)}${doubt}`;
}
