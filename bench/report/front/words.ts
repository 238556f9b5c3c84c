import { formatSeconds } from "../../../lib/progress.ts";
import { count } from "../../../lib/words.ts";
import type { Extent, ModelFinding } from "../answer/types.ts";

/** What a model's numbers do not say. */
export const modelNote = ({ isNull }: Pick<ModelFinding, "isNull">): string => (isNull ? "no model" : "timing only");

/** What was measured, in a line: `300 cells, 2025 calls, 1 to 3 visits each, 8 min`. */
export function extentText({ cells, measured, calls, visits: [fewest, most], seconds }: Extent): string {
  return [
    measured < cells ? `${measured} of ${count(cells, "cell")}` : count(cells, "cell"),
    // Of cells that are invalid even that is not told.
    ...(calls === 0 && measured > 0 ? [] : [count(calls, "call")]),
    ...(most === 0 ? [] : [`${fewest === most ? count(most, "visit") : `${fewest} to ${most} visits`} each`]),
    ...(seconds === null ? [] : [formatSeconds(seconds)]),
  ].join(", ");
}
