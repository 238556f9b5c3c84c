import { type Study, fitStudy, pixelClients, nullModels } from "../stats/study.ts";
import { PAPER_BASIS, pairsEffect, publishedLogRatios, withoutSlip } from "./paper-data.ts";
import { type Conclusion, type Finding, asMeasured, inconclusive, contrastEffect, findingOf } from "./verdict.ts";

const MODELS = [
  ["rfcn", "R-FCN"],
  ["ssd", "SSD"],
] as const;

/** For the same model, REST is slower than gRPC: for each model by itself. */
export const grpcFaster: Conclusion = {
  id: "grpc-faster",
  test: "REST over gRPC lies above 1 for every model",
  judge,
  judgePaper,
};

function judge(study: Study): Finding {
  const [grpc, rest] = [pixelClients(study.manifest, "grpc")[0], pixelClients(study.manifest, "rest")[0]];
  if (grpc === undefined || rest === undefined) return inconclusive("it takes both protocols");
  const nulls = nullModels(study.manifest);
  const models = [...new Set(study.manifest.cells.map((c) => c.model))].filter((m) => !nulls.has(m));
  const unseen: string[] = [];
  const aside: string[] = [];
  const effects = models.flatMap((model) => {
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
    ...(unseen.length === 0 ? [] : [`not measured with both protocols: ${unseen.join(", ")}`]),
    ...(effects.length === 1 ? ['one model alone is put to the test: "every model" is no more than that one'] : []),
    ...aside,
  ]);
}

function judgePaper(): Finding {
  const effect = (model: "rfcn" | "ssd", title: string, withSlip: boolean) =>
    pairsEffect(
      `REST over gRPC, ${title}`,
      publishedLogRatios(
        (p) => p.model === model && p.protocol === "rest",
        () => ({ protocol: "grpc" }),
        withSlip,
      ),
    );
  return findingOf(
    MODELS.map(([model, title]) => effect(model, title, true)),
    [PAPER_BASIS, withoutSlip(effect("ssd", "SSD", false))],
  );
}
