import { formatSeconds } from "../../lib/progress.ts";
import { count } from "../../lib/words.ts";
import type { RunStatus } from "./inputs.ts";

/** How far a run is, for its progress line: percent of the time, cells, time left, what is measured now. Pure. */
export function statusText({ cells, reached, secondsDone, secondsLeft, cell, failedCells }: RunStatus): string {
  const all = secondsDone + secondsLeft;
  // A run that goes on is not done, whatever was estimated.
  const percent = all > 0 ? Math.min(99, Math.floor((100 * secondsDone) / all)) : 0;
  return (
    `${percent} %, ${reached < cells ? `${reached} of` : "all"} ${count(cells, "cell")} visited, ${formatSeconds(secondsLeft)} left; ` +
    `${cell.model} on ${cell.server}${failedCells > 0 ? `; ${count(failedCells, "cell")} failed` : ""}`
  );
}
