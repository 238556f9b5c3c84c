import { jointInterval } from "../stats/effects/contrast.ts";
import { estimateOf, intervalOf } from "../stats/math/estimate.ts";
import { type Study, fitStudy } from "../stats/study.ts";
import { PAPER_BASIS, PUBLISHED, isSlip } from "./paper-data.ts";
import type { Conclusion, Finding } from "./verdict.ts";
import { asMeasured, computingModels, findingOf, inconclusive, logEffect, protocolClients } from "./verdict.ts";

const LABEL = "factor between the models over factor between the protocols";

/** The model has a larger effect on latency than the protocol: its factor, as a distance from 1, is the larger one. */
export const modelOverProtocol: Conclusion = {
  id: "model-over-protocol",
  test: "the factor by which the model changes latency is larger than the factor by which the protocol does",
  judge,
  judgePaper,
};

function judge(study: Study): Finding {
  const pair = modelPair(study);
  const [grpc, rest] = protocolClients(study);
  if (pair === undefined || grpc === undefined || rest === undefined)
    return inconclusive("it takes two models and both protocols");
  const fitted = fitStudy(study, (c) => pair.includes(c.model) && [grpc, rest].includes(c.client));
  const { levels } = fitted?.fit.design ?? {};
  if (fitted === undefined || levels?.["model"]?.length !== 2 || levels["client"]?.length !== 2)
    return inconclusive("too few cells have calls to separate the model from the protocol");
  const { fit } = fitted;
  const sides = [
    [{ model: pair[0] }, { model: pair[1] }],
    [{ client: rest }, { client: grpc }],
  ] as const;
  const contrasts = sides.map(([over, under]) => fit.contrast(over, under));
  const difference = ([model = NaN, protocol = NaN]: readonly number[]) => Math.abs(model) - Math.abs(protocol);
  const [model, protocol] = contrasts.map((c) => Math.exp(c.log));
  return findingOf(
    [logEffect(LABEL, difference(contrasts.map((c) => c.log)), jointInterval(contrasts, difference))],
    [
      `${pair[0]} takes ${model?.toFixed(2)} times as long as ${pair[1]}, ${rest} ${protocol?.toFixed(2)} times as long as ` +
        `${grpc}; both averaged over everything else`,
      ...sides.flatMap(([over, under]) =>
        asMeasured([over, under].map((side) => Object.values(side).join()).join(" over "), fit, over, under),
      ),
    ],
  );
}

/** The paper's two models where they are deployed, else the two that lie furthest apart. */
function modelPair(study: Study): readonly [string, string] | undefined {
  const deployed = study.manifest.servers.flatMap((s) => s.models);
  const names = computingModels(study);
  const paper = (which: "rfcn" | "ssd") =>
    names.find((n) => deployed.some((m) => m.name === n && m.paperModel === which));
  const [rfcn, ssd] = [paper("rfcn"), paper("ssd")];
  if (rfcn !== undefined && ssd !== undefined) return [rfcn, ssd];
  const fit = fitStudy(study, (c) => names.includes(c.model))?.fit;
  if (fit === undefined || (fit.design.levels["model"]?.length ?? 0) < 2) return undefined;
  const base = names[0] as string;
  const order = names
    .map((name) => ({ name, log: fit.contrast({ model: name }, { model: base }).log }))
    .sort((a, b) => b.log - a.log);
  return [order[0]?.name as string, order.at(-1)?.name as string];
}

function judgePaper(): Finding {
  const settings = [...Map.groupBy(PUBLISHED, (p) => `${p.experiment}|${p.role}`).values()];
  const difference = (setting: (typeof settings)[number]) => {
    const log = (model: string, protocol: string) =>
      Math.log(setting.find((p) => p.model === model && p.protocol === protocol)?.ms ?? NaN);
    const model = (log("rfcn", "grpc") + log("rfcn", "rest") - log("ssd", "grpc") - log("ssd", "rest")) / 2;
    const protocol = (log("rfcn", "rest") + log("ssd", "rest") - log("rfcn", "grpc") - log("ssd", "grpc")) / 2;
    return Math.abs(model) - Math.abs(protocol);
  };
  const over = (list: typeof settings) => {
    const e = estimateOf(list.map(difference));
    return logEffect(LABEL, e.value, intervalOf(e), e.df);
  };
  const clean = over(settings.filter((s) => !s.some(isSlip)));
  return findingOf(
    [over(settings)],
    [
      PAPER_BASIS,
      `without the setting whose number looks like a copying error: ${clean.value.toFixed(2)}, ${clean.outcome}`,
    ],
  );
}
