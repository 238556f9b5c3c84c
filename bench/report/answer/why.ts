import { and } from "../../../lib/words.ts";
import { formatMs } from "../../format/numbers.ts";
import { type Attribution, type Part, attribute, comesToWhole } from "../../stats/attribution/attribution.ts";
import { type Option, type Question, callerOf, questions } from "../../stats/choices.ts";
import type { Levels } from "../../stats/effects/design.ts";
import { factorLevels } from "../../stats/levels.ts";
import type { Study } from "../../stats/study.ts";
import { mean } from "../../stats/math/quantile.ts";
import type { CellSummary } from "../../stats/summary.ts";
import type { ReportInputs } from "../section.ts";
import type { AskedModel } from "./models.ts";
import { formatBytes, optionName, sentence } from "./names.ts";
import { titleModel } from "./title.ts";

/** Up to three sentences: where the fastest one's time goes, and what makes the protocol and the machine what they are. */
export function whyOf(inputs: ReportInputs, models: readonly AskedModel[]): readonly string[] {
  const { study } = inputs;
  const best = titleModel(models);
  if (study === undefined || best === undefined) return [];
  const where = best.question === undefined ? "" : whereTimeGoes(best.question, inputs, study);
  const about = (axis: string) =>
    questions(study).find((q) => !q.local && q.model === undefined && q.differ.join() === axis);
  const causes = ["client", "placement"]
    .map((axis) => about(axis))
    .map((q) => (q === undefined ? "" : causeOf(q, inputs, study)));
  return [where, ...causes].filter((text) => text !== "").map(sentence);
}

/** Why one option is faster than another, as far as it was recorded, in a line without a full stop; empty where nothing tells it. */
export function causeOf(q: Question, inputs: ReportInputs, study: Study): string {
  const [best, second] = q.options;
  if (best === undefined || second === undefined || q.differ.length !== 1) return "";
  switch (q.differ[0]) {
    case "client":
      return payloadCause(q, best, q.options.at(-1) ?? second, inputs, study);
    case "placement":
      return machineCause(q, inputs, study);
    case "model":
      return modelCause(q, study);
    default:
      return "";
  }
}

/** Bytes of a request, and what it takes to make them and to read them. */
function payloadCause(q: Question, best: Option, other: Option, inputs: ReportInputs, study: Study): string {
  const [a, b] = [best, other].map((o) => sentBy(o, q, inputs));
  if (a === undefined || b === undefined) return "";
  const [fast, slow] = [optionName(best.at, study), optionName(other.at, study)];
  const bytes = `${slow} sends ${formatBytes(b.bytes)} a call, ${fast} ${formatBytes(a.bytes)}`;
  if (a.bytes > b.bytes) return `${bytes}: payload does not explain the difference`;
  const own =
    a.ownMs === null || b.ownMs === null
      ? ""
      : `; the client's encoding and decoding take ${formatMs(b.ownMs)} ms against ${formatMs(a.ownMs)} ms`;
  const [fastServer, slowServer] = [best, other].map((o) => partOf(study, "server", o, q));
  const server =
    fastServer === undefined || slowServer === undefined || slowServer < fastServer
      ? ""
      : `, server and wire take ${formatMs(slowServer)} ms against ${formatMs(fastServer)} ms`;
  return `${bytes}${own}${server}`;
}

/** What one client kind sends, on average over a question's cells, and its own work for it. */
function sentBy(o: Option, q: Question, { cells, summaries }: ReportInputs) {
  const caller = callerOf(cells);
  const own = cells.filter(
    (c) =>
      c.client === o.at["client"] &&
      (q.model === undefined || c.model === q.model) &&
      (q.local ? c.local : caller === undefined || c.clientMachine === caller),
  );
  const found = own.map((c) => summaries.get(c.id)).filter((s) => s !== undefined && s.n > 0) as CellSummary[];
  const bytes = found.flatMap((s) => s.requestBytes ?? []);
  if (bytes.length === 0) return undefined;
  const works = found.flatMap(({ phaseMeansMs: { encodeMs, decodeMs } }) =>
    encodeMs === null || decodeMs === null ? [] : [encodeMs + decodeMs],
  );
  return { bytes: mean(bytes), ownMs: works.length === 0 ? null : mean(works) };
}

/** The mean of a part of the time over the attributions that an option is of. */
function partOf(study: Study, part: Part, o: Option, q: Question): number | undefined {
  const own = attribute(study).filter((a) => isOf(a, o) && (q.model === undefined || a.levels["model"] === q.model));
  return own.length === 0 ? undefined : mean(own.map((a) => a.parts[part].value));
}

const isOf = ({ levels }: Attribution, { at }: Option) =>
  Object.entries(at).every(
    ([key, level]) => levels[key] === level || (key === "placement" && placesOf(levels).includes(level)),
  );

/** What the model may call a placement: with its link, and with its server where the machine has several. */
function placesOf({ placement, link, server }: Levels): readonly string[] {
  const way = [placement, ...(link === undefined || link === "" ? [] : [link])].join(", ");
  return [way, `${way}, ${server}`];
}

/** The processors that each machine may use, and what the model takes there. */
function machineCause(q: Question, { manifest }: ReportInputs, study: Study): string {
  const model = q.model ?? quickestModel(study);
  const own = q.options.map((o) => {
    // One of several servers of a machine is named after it, unless it is called as the machine is.
    const [id = "", ...more] = (o.at["placement"] ?? "").split(" → ").at(-1)?.split(", ") ?? [];
    const server = more.find((name) => manifest.servers.some((s) => s.id === name)) ?? id;
    const facts = manifest.machines.find((m) => m.id === id)?.facts;
    const cores = manifest.servers.find((s) => s.id === server)?.placement.physicalCores;
    const quota = facts?.cpu.quotaCpus ?? null;
    const cpus =
      quota !== null && (cores === undefined || quota < cores)
        ? `${quota} CPU by quota`
        : cores === undefined
          ? ""
          : `${cores} ${cores === 1 ? "core" : "cores"}`;
    const ms = model === undefined ? undefined : partOf(study, "compute", o, { ...q, model });
    return { name: optionName(o.at, study), cpus, ms };
  });
  const cpus = own.filter((o) => o.cpus !== "").map((o) => `${o.cpus} on ${o.name}`);
  const differ = new Set(own.map((o) => o.cpus)).size > 1;
  const compute = own.filter((o) => o.ms !== undefined).map((o) => `${formatMs(o.ms ?? NaN)} ms on ${o.name}`);
  return [
    ...(differ && cpus.length > 1 ? [`processors: ${and(cpus)}`] : []),
    ...(compute.length > 1 ? [`computing ${model ?? ""} takes ${and(compute)}`] : []),
  ].join("; ");
}

/** The model with the shortest compute that was attributed. */
function quickestModel(study: Study): string | undefined {
  return attribute(study).toSorted((a, b) => a.parts.compute.value - b.parts.compute.value)[0]?.levels["model"];
}

function modelCause(q: Question, study: Study): string {
  const own = q.options.map((o) => ({ name: optionName(o.at, study), ms: partOf(study, "compute", o, q) }));
  const known = own.filter((o) => o.ms !== undefined);
  const texts = known.map((o) => `${formatMs(o.ms ?? NaN)} ms for ${o.name}`);
  return known.length < 2 ? "" : `computing takes ${texts.join(", ")}`;
}

/** Where the time of the fastest place and protocol goes; without a null model by the client's phases. */
function whereTimeGoes(q: Question, { axes, cells, summaries }: ReportInputs, study: Study): string {
  const [best] = q.options;
  if (best === undefined) return "";
  const name = optionName(best.at, study);
  const found = attribute(study).find((a) => isOf(a, best) && a.levels["model"] === q.model);
  if (found !== undefined && !comesToWhole(found)) {
    const parts = formatMs(found.total.value - found.rest.value);
    return `the parts of a call to ${q.model ?? ""} on ${name} come to ${parts} ms, the whole (mean) is ${formatMs(found.total.value)} ms: the machines varied too much in this run to say where its time goes`;
  }
  if (found !== undefined) {
    const { compute, encode, decode, server, network } = found.parts;
    const share = Math.round((100 * compute.value) / found.total.value);
    return (
      `of the ${formatMs(found.total.value)} ms (mean) of a call to ${q.model ?? ""} on ${name}, the model takes ${formatMs(compute.value)} ms (${share}\u00a0%), ` +
      `encoding and decoding ${formatMs(encode.value + decode.value)} ms, server and wire format ${formatMs(server.value)} ms, the network ` +
      (network.value > 0 ? `${formatMs(network.value)} ms` : "nothing that can be seen")
    );
  }
  const own = cells.filter(
    (c) =>
      c.model === q.model &&
      Object.entries(best.at).every(([factor, level]) => factorLevels(c, axes)[factor] === level),
  );
  const means = own.map((c) => summaries.get(c.id)).filter((s) => s !== undefined && s.n > 0) as CellSummary[];
  const wait = means.flatMap((s) => s.phaseMeansMs.waitMs ?? []);
  if (wait.length === 0) return "";
  const share = Math.round((100 * mean(wait)) / mean(means.map((s) => s.meanMs)));
  return `a call to ${q.model ?? ""} on ${name} waits ${share}\u00a0% of its time for the server's answer (${formatMs(mean(wait))} ms); with a null model on the server, the report could split that time`;
}
