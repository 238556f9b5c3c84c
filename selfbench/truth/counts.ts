import { attribute } from "../../bench/stats/attribution/attribution.ts";
import { intervalOf } from "../../bench/stats/math/estimate.ts";
import { mean } from "../../bench/stats/math/quantile.ts";
import { verdicts } from "../../bench/verdicts/index.ts";
import { type Known, answers, effects } from "./figures.ts";
import { type Count, holds, yes } from "./score.ts";

export const protocol = (known: Known) => effects(known, "client");
export const place = (known: Known) => effects(known, "placement");
export const placeOrSaid = (known: Known) => effects(known, "placement", true);
export const model = (known: Known) => effects(known, "model");
export const level = (known: Known) => answers(known, "client").levels;
export const wrongPlace = (known: Known) => answers(known, "placement").wrong;

/** Counts the intervals of the attribution's totals that hold the truth. */
export function totals({ study, world, truth }: Known): Count {
  return holds(
    attribute(study).map((a) => {
      const own = study.manifest.cells.filter(
        (c) =>
          c.model === a.levels["model"] &&
          c.client === a.levels["client"] &&
          `${c.clientMachine} → ${c.serverMachine}` === a.levels["placement"],
      );
      return [intervalOf(a.total), mean(own.map((c) => Math.exp(world.log(c)) * truth(c).meanFactor))] as const;
    }),
  );
}

export function missing({ study }: Known): Count {
  return yes(
    attribute(study).some(
      (a) => a.kind === "finding" && a.judged.small === false && !a.levels["placement"]?.includes("client →"),
    ),
  );
}

export const judged = ({ study }: Known, id: string) =>
  yes(verdicts(study).find((v) => v.id === id)?.ours.outcome !== "inconclusive");
