import { once } from "../stats/math/memo.ts";
import { answersOf } from "./answer/answers.ts";
import { caveatsOf, doubtCaveat } from "./answer/caveats.ts";
import { distanceNotables } from "./answer/distance.ts";
import { extentOf } from "./answer/extent.ts";
import { modelFindings } from "./answer/models.ts";
import { pooledUnderLoad } from "./answer/pooled.ts";
import { resumeCommand } from "./answer/settle.ts";
import { notableOf } from "./answer/speeds.ts";
import { titleModel, titleOf } from "./answer/title.ts";
import type { Finding } from "./answer/types.ts";
import { variantsOf } from "./answer/variants.ts";
import { whyOf } from "./answer/why.ts";
import type { ReportInputs } from "./section.ts";

export type * from "./answer/types.ts";

/** What a run found. Pure; made once for each report. */
export const findingOf = once((inputs: ReportInputs): Finding => {
  const models = modelFindings(inputs);
  const loads = pooledUnderLoad(inputs);
  const answers = answersOf(inputs);
  const where = extentOf(inputs);
  const perModel = models.map(({ question: _, ...shown }) => shown);
  const open = [titleModel(models), ...perModel, ...answers].find((x) => x?.settle !== undefined)?.settle;
  const next = where.missing > 0 ? resumeCommand(inputs) : open;
  return {
    ...titleOf(inputs, models, loads),
    ...{ perModel, answers, loads, where },
    why: whyOf(inputs, models),
    notable: [...variantsOf(inputs), ...distanceNotables(inputs), ...notableOf(inputs)],
    caveats: [...caveatsOf(inputs), ...doubtCaveat(answers)],
    ...(next === undefined ? {} : { next }),
  };
});
