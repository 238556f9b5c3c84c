import type { Axis } from "../matrix/axes.ts";
import type { Levels } from "../stats/effects/design.ts";
import { count } from "../../lib/words.ts";
import { formatRatio, formatRatioInterval, formatShare } from "../format/numbers.ts";
import type { Comparison } from "./comparison.ts";
import type { Compared, JudgedTogether } from "./judge.ts";

/** What changed, and by how much, in one line: the largest change that is sure, else the whole. */
export function changeLine(c: Comparison, axes: readonly Axis[]): string {
  if (c.notComparable !== null) return `NOT COMPARABLE: ${c.notComparable}.`;
  if (c.overall === null && c.cells.length === 0) return "NOT COMPARABLE: the runs have no measured cell in common.";
  if (c.identical) return "Unchanged: A and B are one and the same run.";
  const changed: { readonly what: string; readonly by: JudgedTogether; readonly sort: string }[] = [
    ...c.groups.map((g) => ({ what: who(g.levels, axes, g.otherModel).join(", "), by: g, sort: "group" })),
    ...c.groups.flatMap((g) =>
      g.p90 === null
        ? []
        : [{ what: `the p90 of ${who(g.levels, axes, g.otherModel).join(", ")}`, by: g.p90, sort: "p90" }],
    ),
    ...c.cells.map((x) => ({ what: x.cell.id, by: x, sort: "cell" })),
  ].filter(({ by }) => by.change === "slower" || by.change === "faster");
  const whole = c.overall === null ? "" : ` The whole: ${timesText(c.overall)}.`;
  if (c.overall?.change === "slower" || c.overall?.change === "faster")
    return `${title(c.overall.change)} as a whole: B takes ${timesText(c.overall)}.${more(changed.length)}`;
  // What is slower first, and of that groups before the cells in them.
  const rank = (x: (typeof changed)[number]) =>
    (x.by.change === "slower" ? 0 : 3) + ["group", "p90", "cell"].indexOf(x.sort);
  const [first, ...rest] = changed.sort(
    (x, y) => rank(x) - rank(y) || Math.abs(Math.log(y.by.ratio)) - Math.abs(Math.log(x.by.ratio)),
  );
  if (first !== undefined)
    return `${title(first.by.change)}: ${first.what} takes ${timesText(first.by)}.${more(rest.length)}${whole}`;
  const open = [c.overall, ...c.groups.filter((g) => !g.isNull)].filter((x) => x?.change !== "same").length;
  const most = `no change of ${formatShare(c.threshold)} or more`;
  return open === 0
    ? `Unchanged: ${most} in the whole or in any group of a model that computes.${whole}`
    : `Inconclusive: nothing surely changed by ${formatShare(c.threshold)} or more, but ${open === 1 ? "one figure" : `${open} figures`} may have.${whole}`;
}

const title = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);
const more = (n: number) => (n === 0 ? "" : ` ${count(n, "other figure")} changed, too.`);

function timesText({ ratio, interval }: Pick<Compared, "ratio" | "interval">): string {
  return `${formatRatio(ratio)} times as long (${formatRatioInterval(interval)})`;
}

/** A group by its levels; `otherModel`: the runs had different models of its name. */
export function who(levels: Levels, axes: readonly Axis[], otherModel = false): string[] {
  return axes.map((axis) => {
    const title = axis.levelTitle(levels[axis.key] ?? "");
    return axis.key === "model" && otherModel ? `${title} (another one)` : title;
  });
}
