import { when } from "../format/when.ts";
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
  protocolClients,
  withAgreement,
} from "./verdict.ts";

/** For the same model, REST is slower than gRPC: for each model by itself. */
export const grpcFaster: Conclusion = {
  id: "grpc-faster",
  test: "REST over gRPC lies above 1 for every model",
  judge,
  judgePaper,
};

function judge(study: Study): Finding {
  const [grpc, rest] = protocolClients(study);
  if (grpc === undefined || rest === undefined) return inconclusive("it takes both protocols");
  const unseen: string[] = [];
  const aside: string[] = [];
  const effects = computingModels(study).flatMap((model) => {
    const fit = fitStudy(study, (c) => c.model === model && [grpc, rest].includes(c.client))?.fit;
    if (fit?.design.levels["client"]?.length !== 2) {
      unseen.push(model);
      return [];
    }
    const label = `${rest} over ${grpc}, ${model}`;
    const sides = [{ client: rest }, { client: grpc }] as const;
    aside.push(...asMeasured(label, fit, ...sides));
    return [[model, contrastEffect(label, fit.contrast(...sides))] as const];
  });
  const finding = findingOf(
    effects.map(([, effect]) => effect),
    [
      ...when(unseen.length > 0, `not measured with both protocols: ${unseen.join(", ")}`),
      ...when(effects.length === 1, 'only one model is tested, so "every model" means that one'),
      ...aside,
    ],
  );
  return withAgreement(finding, [average(study, [grpc, rest], effects)]);
}

/** Where the average over models, which other parts of a report show, says something else than a single model. */
function average(
  study: Study,
  [grpc, rest]: readonly [string, string],
  byModel: readonly (readonly [string, Effect])[],
): string | undefined {
  if (byModel.length < 2) return undefined;
  const models = byModel.map(([model]) => model);
  const fit = fitStudy(study, (c) => models.includes(c.model) && [grpc, rest].includes(c.client))?.fit;
  if (fit?.design.levels["client"]?.length !== 2) return undefined;
  return agreementOf(contrastEffect(`${rest} over ${grpc}`, fit.contrast({ client: rest }, { client: grpc })), byModel);
}

function judgePaper(): Finding {
  const effect = (model: "rfcn" | "ssd", title: string, withSlip: boolean) =>
    pairsEffect(
      `REST over gRPC, ${title}`,
      (p) => p.model === model && p.protocol === "rest",
      { protocol: "grpc" },
      withSlip,
    );
  return findingOf(
    [effect("rfcn", "R-FCN", true), effect("ssd", "SSD", true)],
    [PAPER_BASIS, withoutSlip(effect("ssd", "SSD", false))],
  );
}
