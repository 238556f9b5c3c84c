import { when } from "../format/when.ts";
import { type Study, fitStudy } from "../stats/study.ts";
import { PAPER_BASIS, pairsEffect, withoutSlip } from "./paper-data.ts";
import type { Conclusion, Finding } from "./verdict.ts";
import { asMeasured, computingModels, contrastEffect, findingOf, inconclusive, protocolClients } from "./verdict.ts";

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
    return [contrastEffect(label, fit.contrast(...sides))];
  });
  return findingOf(effects, [
    ...when(unseen.length > 0, `not measured with both protocols: ${unseen.join(", ")}`),
    ...when(effects.length === 1, 'one model alone is put to the test: "every model" is no more than that one'),
    ...aside,
  ]);
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
