import type { Cell } from "../../matrix/cell.ts";
import type { CellGroup } from "../../stats/levels.ts";
import { mean } from "../../stats/math/quantile.ts";
import { percent } from "../../schedule/unreachable-precision.ts";
import type { ReportInputs } from "../section.ts";

/** Shares from which on something is named as a cause: of the quota's periods, and of the visits' time. */
const THROTTLED_SHARE = 0.02;
const STOLEN_SHARE = 0.02;
const COLLECTED_SHARE = 0.05;

/**
 * The likely cause of the speeds of each of some groups, as far as it was recorded, as a sentence. Groups of one machine and one cause have
 * one sentence, its numbers over all of them.
 */
export function causesOf(groups: readonly CellGroup[], inputs: ReportInputs): ReadonlyMap<CellGroup, string> {
  const alike = Map.groupBy(groups, (g) => causeText(g[0].serverMachine, g, inputs, () => ""));
  return new Map(
    [...alike.values()].flatMap((own) => {
      const text = causeText(own[0]?.[0].serverMachine ?? "", own.flat(), inputs, percent);
      return own.map((g) => [g, text] as const);
    }),
  );
}

function causeText(
  machine: string,
  group: readonly Cell[],
  inputs: ReportInputs,
  shown: (share: number) => string,
): string {
  const cpu = inputs.manifest.machines.find((m) => m.id === machine)?.facts.cpu;
  const quotaCpus = cpu?.quotaCpus ?? null;
  const quota = quotaCpus === null ? "a CPU quota" : `${machine}'s quota of ${quotaCpus} CPU`;
  const conditions = group.flatMap((c) => inputs.conditions?.get(c.id) ?? []);
  const throttled = meanOrNull(conditions.flatMap((c) => c.throttledShare ?? []));
  const stolen = meanOrNull(conditions.flatMap((c) => c.stealShare ?? []));
  const collected = collectedShare(group, inputs);
  const found = [
    ...(throttled !== null && throttled >= THROTTLED_SHARE
      ? [`${quota} was used up in ${shown(throttled)} of its periods, and the server waited for the next one`]
      : []),
    ...(stolen !== null && stolen >= STOLEN_SHARE
      ? [`a hypervisor gave ${shown(stolen)} of the machine's time to other guests`]
      : []),
    ...(collected !== null && collected >= COLLECTED_SHARE
      ? [`the client collected garbage for ${shown(collected)} of the time`]
      : []),
  ];
  if (found.length > 0) return `Likely cause: ${found.join("; ")}.`;
  if (throttled !== null) return `The cause is not known: ${quota} was hardly ever used up.`;
  if (quotaCpus === null) return "No cause was recorded.";
  return `Likely cause, though this run did not record it: ${quota}, which stops the server when it is used up.`;
}

function meanOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values);
}

/** Share of the visits' time that the client's garbage collection took; null where it was not recorded. */
function collectedShare(group: readonly Cell[], { study }: ReportInputs): number | null {
  const visits = group.flatMap((c) => study?.data.get(c.id)?.visits ?? []).filter((v) => (v.spanMs ?? 0) > 0);
  const sum = (of: "gcMs" | "spanMs") => visits.reduce((total, v) => total + (v[of] ?? 0), 0);
  return visits.length === 0 ? null : sum("gcMs") / sum("spanMs");
}
