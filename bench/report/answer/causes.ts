import type { CellGroup } from "../../stats/levels.ts";
import type { Visit } from "../../stats/visits.ts";
import { percent } from "../../schedule/unreachable-precision.ts";
import type { ReportInputs } from "../section.ts";

/** Shares of the visits' time from which on something is named as a cause. */
const THROTTLED_SHARE = 0.02;
const STOLEN_SHARE = 0.02;
const COLLECTED_SHARE = 0.05;

/**
 * What may make calls of some cells take several speeds, as far as it was recorded, as a sentence. What a visit's record has of the server's
 * control group, of steal and of garbage collection is read here and nowhere else.
 */
export function causeOfSpeeds(group: CellGroup, { study, manifest }: ReportInputs): string {
  const visits = group.flatMap((c) => study?.data.get(c.id)?.visits ?? []);
  const found = [
    shareText(visits, (v) => v.throttledMs, THROTTLED_SHARE, "the server's control group was throttled"),
    shareText(visits, (v) => v.stealMs, STOLEN_SHARE, "the host took the server's processor away (steal)"),
    shareText(visits, (v) => v.gcMs, COLLECTED_SHARE, "the client collected garbage"),
  ].filter((text) => text !== "");
  if (found.length > 0) return `Likely cause: ${found.join("; ")}.`;
  const machine = group[0].serverMachine;
  const quota = manifest.machines.find((m) => m.id === machine)?.facts.cpu.quotaCpus ?? null;
  if (quota === null) return "No cause was recorded.";
  const recorded = visits.some((v) => v.throttledMs !== undefined);
  return recorded
    ? `${machine} has a quota of ${quota} CPU, but was hardly throttled: the cause is not known.`
    : `Likely cause, not recorded by this run: ${machine}'s quota of ${quota} CPU, which stops the server when it is used up.`;
}

/** `… for 12 % of the time`; empty where it was not recorded, or is less than so large a share. */
function shareText(
  visits: readonly Visit[],
  of: (v: Visit) => number | undefined,
  least: number,
  what: string,
): string {
  const known = visits.filter((v) => of(v) !== undefined && (v.spanMs ?? 0) > 0);
  const share = known.reduce((sum, v) => sum + (of(v) ?? 0), 0) / known.reduce((sum, v) => sum + (v.spanMs ?? 0), 0);
  return share >= least ? `${what} for ${percent(share)} of the time` : "";
}
