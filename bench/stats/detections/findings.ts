import type { Cell } from "../../matrix/cell.ts";
import type { RunManifest } from "../../records/manifest.ts";
import { OBJECT_SCORE } from "../objects.ts";
import type { Answer } from "../../records/answers.ts";
import { type AnswerComparison, SAME_FILE, SAME_PIXELS, compareAnswers } from "./compare.ts";
import { type Detection, decodeDetections } from "./decode.ts";
import type { Seen } from "../../records/seen.ts";

/** An object with its name. */
export interface Found extends Detection {
  readonly label: string;
}

/** What one model found on one photograph, in the answer to one cell's first measured call. */
export interface Picture {
  readonly image: string;
  /** The cell whose answer it is. */
  readonly cell: Cell;
  /** Objects with a score of `OBJECT_SCORE` and more, by falling score. */
  readonly found: readonly Found[];
  /** Set where the answer cannot be read as detections. */
  readonly fault?: string;
}

/** Two answers that do not agree. */
export interface Disagreement {
  readonly image: string;
  readonly a: string;
  readonly b: string;
  readonly differences: readonly string[];
}

/** Answers of one model to the same inputs, compared in pairs. */
export interface Agreement {
  readonly model: string;
  /**
   * `server`: what one server said to different clients, over all protocols. `servers`: what different servers said to the same pixels.
   * `decoders`: what they said to the same file, which each of them may decode by another library.
   */
  readonly between: "server" | "servers" | "decoders";
  /** Client kinds whose answers were compared. */
  readonly clients: readonly string[];
  readonly pairs: number;
  /** Largest differences of scores and of box edges (fractions of the image). */
  readonly scoreDifference: number;
  readonly boxDifference: number;
  readonly disagreements: readonly Disagreement[];
}

/** One model's detections, and whether all of its answers are one. */
export interface ModelFindings {
  readonly model: string;
  /** Untrained weights: what it finds means nothing, and there are no pictures of it. */
  readonly timingOnly: boolean;
  readonly pictures: readonly Picture[];
  readonly agreements: readonly Agreement[];
}

/** What was found and how answers agree, for every model that a run has answers of. */
export function findingsOf(manifest: RunManifest, seen: Seen): ModelFindings[] {
  const models = new Map(manifest.servers.flatMap((s) => s.models.map((m) => [m.name, m] as const)));
  const answered = manifest.cells.flatMap((cell): Answered[] => {
    const answer = seen.answers.get(cell.id);
    return answer === undefined ? [] : [{ cell, answer }];
  });
  return [...Map.groupBy(answered, (a) => a.cell.model)].map(([model, own]) => {
    const { timingOnly = false, isNull = false } = models.get(model) ?? {};
    const nameOf = (classId: number) => seen.labels.get(model)?.get(classId) ?? `class ${classId}`;
    return {
      model,
      timingOnly,
      pictures: timingOnly || isNull ? [] : picturesOf(own, nameOf),
      agreements: [
        agreement(model, "server", own, nameOf),
        // Random weights give scores that are as good as equal: which of them come first, rounding decides.
        ...(timingOnly
          ? []
          : (["servers", "decoders"] as const).map((between) => agreement(model, between, own, nameOf))),
      ].filter((a) => a.pairs > 0),
    };
  });
}

interface Answered {
  readonly cell: Cell;
  readonly answer: Answer;
}

type NameOf = (classId: number) => string;

/** One answer a photograph: the first one to pixels, which all clients have in common. */
function picturesOf(answered: readonly Answered[], nameOf: NameOf): Picture[] {
  return [...Map.groupBy(answered, (a) => a.cell.image)].flatMap(([image, own]) => {
    const shown = own.find((a) => a.cell.input === "pixels") ?? own[0];
    if (shown === undefined) return [];
    const decoded = decodeDetections(shown.answer);
    if (decoded.kind === "other") return [];
    if (decoded.kind === "malformed") return [{ image, cell: shown.cell, found: [], fault: decoded.why }];
    const found = decoded.detections
      .filter((d) => d.score >= OBJECT_SCORE)
      .map((d) => ({ ...d, label: nameOf(d.classId) }));
    return [{ image, cell: shown.cell, found }];
  });
}

/** The input of which servers are compared. */
const INPUT = { servers: "pixels", decoders: "file" } as const;

/** Answers to the same input (photograph, pixels or file) of one server, or the first of each server. */
function agreement(
  model: string,
  between: Agreement["between"],
  answered: readonly Answered[],
  nameOf: NameOf,
): Agreement {
  const byInput = Map.groupBy(answered, ({ cell }) => `${cell.image} ${cell.input}`);
  const pairs = [...byInput.values()].flatMap((same) => {
    const servers = [...Map.groupBy(same, ({ cell }) => cell.server).values()];
    if (between === "server") return servers.flatMap(pairsWithFirst);
    if (same[0]?.cell.input !== INPUT[between]) return [];
    return pairsWithFirst(servers.flatMap((of) => of.slice(0, 1)));
  });
  const agreeing = between === "decoders" ? SAME_FILE : SAME_PIXELS;
  const compared = pairs.map(([a, b]) => ({ a, b, result: compareAnswers(a.answer, b.answer, nameOf, agreeing) }));
  // An answer that is not whole has no distance to another: it is among the disagreements.
  const largest = (pick: (c: AnswerComparison) => number) =>
    compared.reduce((most, { result }) => (pick(result) > most ? pick(result) : most), 0);
  return {
    model,
    between,
    clients: [...new Set(pairs.flatMap((pair) => pair.map(({ cell }) => cell.client)))],
    pairs: pairs.length,
    scoreDifference: largest((c) => c.scoreDifference),
    boxDifference: largest((c) => c.boxDifference),
    disagreements: compared
      .filter(({ result }) => result.differences.length > 0)
      .map(({ a, b, result: { differences } }) => ({
        ...{ image: a.cell.image, a: a.cell.id, b: b.cell.id, differences },
      })),
  };
}

function pairsWithFirst<T>([first, ...others]: readonly T[]): (readonly [T, T])[] {
  return first === undefined ? [] : others.map((other) => [first, other] as const);
}

/** A sentence for each model whose answers differ: what a reader must know before anything else. Empty if all agree. */
export function detectionAlarms(findings: readonly ModelFindings[]): string[] {
  return findings.flatMap(({ agreements, pictures }) => [
    ...agreements.flatMap(({ model, between, pairs, disagreements }) => {
      const first = disagreements[0];
      if (first === undefined) return [];
      const who =
        between === "server" ? "one server's answers to different clients" : "the answers of different servers";
      return [
        `${model}: ${who} to the same input DIFFER in ${disagreements.length} of ${pairs} comparisons, such as ${first.a} ` +
          `and ${first.b}: ${first.differences.slice(0, 3).join("; ")}. Latencies may be of different work.`,
      ];
    }),
    ...pictures.flatMap(({ cell, fault }) =>
      fault === undefined ? [] : [`${cell.id}: the answer is not whole: ${fault}.`],
    ),
  ]);
}
