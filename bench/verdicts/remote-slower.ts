import { type Cell, isAsDeployed } from "../matrix/cell.ts";
import { factorLevels, keyOf } from "../stats/levels.ts";
import { type Study, fitStudy } from "../stats/study.ts";
import { PAPER_BASIS, pairsEffect, withoutSlip } from "./paper-data.ts";
import type { Conclusion, Effect, Finding } from "./verdict.ts";
import {
  agreementOf,
  asMeasured,
  computingModels,
  contrastEffect,
  findingOf,
  inconclusive,
  valueText,
  withAgreement,
} from "./verdict.ts";

/** Remote serving is slower than local serving, even on the machine with the better CPU. */
export const remoteSlower: Conclusion = {
  id: "remote-slower",
  test:
    "each server answers the client machine more slowly than it answers itself; and a server that is faster than the client machine, when " +
    "each calls itself, still answers the client machine more slowly than the client machine answers itself",
  judge,
  judgePaper,
};

function judge(study: Study): Finding {
  const cells = study.manifest.cells.filter(isAsDeployed);
  const remote = cells.filter((c) => !c.local);
  const client = remote[0]?.clientMachine;
  if (client === undefined) return inconclusive("it takes remote cells: a client machine that calls another one");
  const servers = [...new Set(remote.filter((c) => c.clientMachine === client).map((c) => c.server))];
  const placementOf = (is: (c: Cell) => boolean) => {
    const cell = cells.find(is);
    return cell === undefined ? undefined : placementIn(cell, study);
  };
  const own = placementOf((c) => c.local && c.clientMachine === client);

  const effects: Effect[] = [];
  const remarks: string[] = [];
  const agreements: (string | undefined)[] = [];
  const models = computingModels(study);
  let better = 0;
  for (const server of servers) {
    const called = placementOf((c) => !c.local && c.clientMachine === client && c.server === server);
    const home = placementOf((c) => c.local && c.server === server);
    const against = (label: string, over: string | undefined, under: string | undefined) => {
      const effect = compared(study, label, [over, under], models, remarks);
      const byModel = models.flatMap((model) => {
        const own = compared(study, label, [over, under], [model], []);
        return own === undefined ? [] : [[model, own] as const];
      });
      if (effect !== undefined) agreements.push(agreementOf(effect, byModel));
      return effect;
    };
    const same = against(`${server}: called by ${client} over called by itself`, called, home);
    if (same !== undefined) effects.push(same);
    const faster = against(`${client} over ${server}, each calling itself`, own, home);
    if (faster === undefined || faster.outcome === "does not hold") continue;
    const open = faster.outcome === "inconclusive";
    const times = `${faster.value.toFixed(2)} times as fast, each calling itself`;
    const even = against(`${server} (${open ? "perhaps " : ""}${times}) over ${client} calling itself`, called, own);
    if (even === undefined) continue;
    better += 1;
    effects.push(open ? { ...even, outcome: "inconclusive" } : even);
    if (!open) continue;
    const [name, factor] = faster.value > 1 ? [server, faster.value] : [client, 1 / faster.value];
    remarks.push(
      `of ${server} and ${client}, ${name} seems the faster one, each calling itself, by a factor of ${factor.toFixed(2)}, but ` +
        `${client} over ${server} is ${valueText(faster)}: whether ${server} has the better CPU is inconclusive`,
    );
  }
  if (effects.length === 0) return inconclusive("remote and local cells have no model, client and image in common");
  if (better === 0)
    remarks.push(
      `no server here is faster than ${client}, each calling itself: "even on the better CPU" is not tested`,
    );
  return withAgreement(findingOf(effects, remarks), agreements);
}

const placementIn = (cell: Cell, { axes }: Study) => factorLevels(cell, axes)["placement"];

/** Latency of one placement over that of another, on what both have cells of; undefined if that is nothing. */
function compared(
  study: Study,
  label: string,
  [over, under]: readonly [over: string | undefined, under: string | undefined],
  models: readonly string[],
  remarks: string[],
): Effect | undefined {
  if (over === undefined || under === undefined) return undefined;
  const alike = (c: Cell) => keyOf(c, study.axes, ["placement", "server", "link"]);
  const keys = (placement: string) =>
    new Set(
      study.manifest.cells
        .filter((c) => placementIn(c, study) === placement && (study.data.get(c.id)?.visits.length ?? 0) > 0)
        .map(alike),
    );
  const [a, b] = [keys(over), keys(under)];
  const fit = fitStudy(study, (c) => {
    const both = a.has(alike(c)) && b.has(alike(c));
    return both && models.includes(c.model) && [over, under].includes(placementIn(c, study) ?? "");
  })?.fit;
  if (fit?.design.levels["placement"]?.length !== 2) return undefined;
  remarks.push(...asMeasured(label, fit, { placement: over }, { placement: under }));
  return contrastEffect(label, fit.contrast({ placement: over }, { placement: under }));
}

/**
 * Tables 2 and 3 alone: requests from the client machine to itself and to the others, same image. Table 1 has other images,
 * so a server's remote and local latency cannot be paired. The cloud machine has the better CPU.
 */
function judgePaper(): Finding {
  const effect = (role: string, label: string, withSlip: boolean) =>
    pairsEffect(label, (p) => p.experiment !== "local" && p.role === role, { role: "client" }, withSlip);
  const cloud = "cloud (the better CPU) over client calling itself";
  return findingOf(
    [effect("cloud", cloud, true), effect("edge", "edge over client calling itself", true)],
    [
      PAPER_BASIS,
      withoutSlip(effect("cloud", cloud, false)),
      "a server's remote and local latency share no image in the paper, so they cannot be paired",
    ],
  );
}
