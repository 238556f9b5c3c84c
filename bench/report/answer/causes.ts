import type { Cell } from "../../matrix/cell.ts";
import type { CellGroup } from "../../stats/levels.ts";
import { tailCalls } from "../../stats/load/figures.ts";
import { overlapping } from "../../stats/load/overlap.ts";
import { mean, quantile } from "../../stats/math/quantile.ts";
import type { Modes } from "../../stats/modes.ts";
import { percent } from "../../schedule/unreachable-precision.ts";
import type { ReportInputs } from "../section.ts";

/** Shares from which on something is named as a cause: of the quota's periods, and of the visits' time. */
const THROTTLED_SHARE = 0.02;
const STOLEN_SHARE = 0.02;
const COLLECTED_SHARE = 0.05;
/** By how much the share of calls that overlap others must be larger among slow calls than among fast ones. */
const OVERLAP_SHARE = 0.5;

/** A group of cells whose calls have several speeds. */
export interface Several {
  readonly group: CellGroup;
  readonly modes: Modes;
}

/**
 * The likely cause of the speeds of each of some groups, as far as it was recorded, as a sentence. Groups of one machine and one cause have
 * one sentence, its numbers over all of them.
 */
export function causesOf(several: readonly Several[], inputs: ReportInputs): ReadonlyMap<CellGroup, string> {
  const alike = Map.groupBy(several, (one) => causeText([one], inputs, () => ""));
  return new Map(
    [...alike.values()].flatMap((own) => {
      const text = causeText(own, inputs, percent);
      return own.map(({ group }) => [group, text] as const);
    }),
  );
}

function causeText(several: readonly Several[], inputs: ReportInputs, shown: (share: number) => string): string {
  const group = several.flatMap((one) => one.group);
  const machine = group[0]?.serverMachine ?? "";
  const cpu = inputs.manifest.machines.find((m) => m.id === machine)?.facts.cpu;
  const quotaCpus = cpu?.quotaCpus ?? null;
  const quota = quotaCpus === null ? "a CPU quota" : `${machine}'s quota of ${quotaCpus} CPU`;
  const conditions = group.flatMap((c) => inputs.conditions?.get(c.id) ?? []);
  const throttled = meanOrNull(conditions.flatMap((c) => c.throttledShare ?? []));
  const stolen = meanOrNull(conditions.flatMap((c) => c.stealShare ?? []));
  const collected = collectedShare(group, inputs);
  const overlap = overlapShares(several, inputs);
  const found = [
    ...(overlap !== null && overlap.slow - overlap.fast >= OVERLAP_SHARE
      ? [`${shown(overlap.slow)} of the slow calls overlapped another, ${shown(overlap.fast)} of the fast ones`]
      : []),
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

/** Which share of the slow calls, and of the fast ones, overlapped another call; null where the times of calls were not recorded. */
function overlapShares(several: readonly Several[], { study }: ReportInputs): { slow: number; fast: number } | null {
  const calls = several.flatMap(({ group, modes }) =>
    group.flatMap((cell) => {
      const data = study?.data.get(cell.id);
      const visits = data && tailCalls({ cell, data });
      if (visits === undefined) return [];
      // Cells of a group differ in their times, so each has its own limit between its fastest calls and the others.
      const all = Float64Array.from(visits.flat(), (call) => call.latencyMs).sort();
      const limit = quantile(all, modes.modes[0]?.share ?? 1);
      return visits.flatMap((own) => {
        const overlaps = overlapping(own);
        return own.map(({ latencyMs }, i) => ({ isSlow: latencyMs > limit, overlaps: overlaps[i] === true }));
      });
    }),
  );
  const share = (slow: boolean) => {
    const own = calls.filter(({ isSlow }) => isSlow === slow);
    return own.filter(({ overlaps }) => overlaps).length / own.length;
  };
  return calls.length === 0 ? null : { slow: share(true), fast: share(false) };
}

/** Share of the visits' time that the client's garbage collection took; null where it was not recorded. */
function collectedShare(group: readonly Cell[], { study }: ReportInputs): number | null {
  const visits = group.flatMap((c) => study?.data.get(c.id)?.visits ?? []).filter((v) => (v.spanMs ?? 0) > 0);
  const sum = (of: "gcMs" | "spanMs") => visits.reduce((total, v) => total + (v[of] ?? 0), 0);
  return visits.length === 0 ? null : sum("gcMs") / sum("spanMs");
}
