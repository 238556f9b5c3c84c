import type { Cell } from "../../matrix/cell.ts";
import type { RunManifest } from "../../records/manifest.ts";
import type { Seen } from "../../records/seen.ts";
import { SAME_FILE, SAME_PIXELS, compareAnswers } from "./compare.ts";

/** One server's answers beside those of the server of reference to the same inputs. */
export interface ServerAnswers {
  readonly model: string;
  readonly server: string;
  readonly reference: string;
  readonly pairs: number;
  /** Largest differences of scores and of box edges (fractions of the image); NaN: an answer was not whole. */
  readonly scoreDifference: number;
  readonly boxDifference: number;
  /** Pairs that differ beyond the tolerance, and in what the first of them does. */
  readonly differ: number;
  readonly example: readonly string[];
}

/**
 * How each server's detections agree with those of another one, image by image: of answers to pixels where both have them, else to
 * files. Models whose detections mean nothing are left out.
 *
 * @param referenceOf the server that a model's answers are compared with
 */
export function answersByServer(
  manifest: RunManifest,
  seen: Seen,
  referenceOf: (model: string) => string | undefined,
): readonly ServerAnswers[] {
  const meaningless = new Set(
    manifest.servers.flatMap((s) => s.models.filter((m) => m.timingOnly || m.isNull).map((m) => m.name)),
  );
  const answered = manifest.cells.filter((c) => seen.answers.has(c.id) && !meaningless.has(c.model));
  return [...Map.groupBy(answered, (c) => c.model)].flatMap(([model, own]) => {
    const reference = referenceOf(model);
    if (reference === undefined) return [];
    const nameOf = (id: number) => seen.labels.get(model)?.get(id) ?? `class ${id}`;
    const others = [...new Set(own.map((c) => c.server))].filter((server) => server !== reference);
    return others.flatMap((server) => {
      const compared = pairsOf(own, server, reference).flatMap(([a, b]) => {
        const [x, y] = [seen.answers.get(a.id), seen.answers.get(b.id)];
        if (x === undefined || y === undefined) return [];
        const agreeing = a.input === "file" ? SAME_FILE : SAME_PIXELS;
        return [{ image: a.image, result: compareAnswers(x, y, nameOf, agreeing) }];
      });
      if (compared.length === 0) return [];
      const differ = compared.filter(({ result }) => result.differences.length > 0);
      const largest = (of: "scoreDifference" | "boxDifference") =>
        compared.reduce((most, { result }) => (result[of] <= most ? most : result[of]), 0);
      return [
        {
          ...{ model, server, reference, pairs: compared.length, differ: differ.length },
          ...{ scoreDifference: largest("scoreDifference"), boxDifference: largest("boxDifference") },
          example: differ[0] === undefined ? [] : [differ[0].image, ...differ[0].result.differences],
        },
      ];
    });
  });
}

/** The first answers of two servers to the same image, sent in the same form. */
function pairsOf(cells: readonly Cell[], server: string, reference: string): readonly (readonly [Cell, Cell])[] {
  return [...Map.groupBy(cells, (c) => c.image).values()].flatMap((same) => {
    for (const input of ["pixels", "file"] as const) {
      const [a, b] = [reference, server].map((id) => same.find((c) => c.server === id && c.input === input));
      if (a !== undefined && b !== undefined) return [[a, b] as const];
    }
    return [];
  });
}
