import type { Axis } from "../matrix/axes.ts";
import type { Levels } from "../stats/effects/design.ts";
import { count } from "../../lib/words.ts";
import { formatRatio, formatRatioInterval, formatShare } from "../format/numbers.ts";
import { when } from "../format/when.ts";
import type { Comparison } from "./comparison.ts";
import { deciding, leftOut, whyNoCell } from "./exit-code.ts";
import type { Compared, JudgedTogether } from "./judge.ts";

/** What changed, and by how much, in one line: what fails now, then the largest change that is sure, else the whole. */
export function changeLine(c: Comparison, axes: readonly Axis[]): string {
  if (c.notComparable !== null) return `NOT COMPARABLE: ${c.notComparable}.`;
  if (c.identical) return "Unchanged: A and B are one and the same run.";
  const failures = failureTexts(c);
  if (c.overall !== null || c.cells.length > 0) return [...failures, latencyText(c, axes)].join(" ");
  if (failures.length > 0) return `${failures.join(" ")} No measured cell is left to compare.`;
  return `NOT COMPARABLE: ${whyNoCell(c)}.`;
}

/** That calls fail which did not before, or more of them. */
function failureTexts({ newFailures, failures }: Comparison): string[] {
  const risen =
    failures.find(({ change }) => change === "rose") ?? failures.find(({ change }) => change === "seems") ?? null;
  return [
    ...when(newFailures.length > 0, `Failed: ${count(newFailures.length, "cell")} that A measured failed in B.`),
    ...(risen === null
      ? []
      : [
          `${risen.change === "rose" ? "Failures rose" : "Failures seem to have risen"}: in ${risen.a.visits} of ` +
            `${risen.a.tried} visits of A, in ${risen.b.visits} of ${risen.b.tried} of B.`,
        ]),
  ];
}

interface Changed {
  readonly what: string;
  readonly by: JudgedTogether;
  readonly sort: "group" | "p90" | "cell";
}

function latencyText(c: Comparison, axes: readonly Axis[]): string {
  const { overall } = c;
  const changed = changedOf(c, axes);
  const [first, ...rest] = changed;
  const takes = ({ what, by }: Changed) => `${what} takes ${timesText(by)}`;
  const whole = overall === null ? "" : ` The whole: ${timesText(overall)}.`;
  if (overall?.change === "slower") return `Slower as a whole: B takes ${timesText(overall)}.${more(changed.length)}`;
  if (overall?.change === "faster") {
    const slower = first?.by.change === "slower" ? ` But slower: ${takes(first)}.` : "";
    return `Faster as a whole: B takes ${timesText(overall)}.${slower}${more(changed.length - (slower === "" ? 0 : 1))}`;
  }
  if (first !== undefined) return `${title(first.by.change)}: ${takes(first)}.${more(rest.length)}${whole}`;
  const figures = [...(overall === null ? [] : [overall]), ...deciding(c.groups)];
  const open = figures.filter((x) => x.change !== "same").length;
  const most = `no change of ${formatShare(c.threshold)} or more`;
  const where = overall === null ? "in any group" : "in the whole or in any group of a model that computes";
  const left = leftOut(c);
  const both = left.length === 0 ? "" : ` where both measured (${left.join("; ")})`;
  return open === 0
    ? `Unchanged${both}: ${most} ${where}.${whole}`
    : `Inconclusive: nothing surely changed by ${formatShare(c.threshold)} or more, but ${open === 1 ? "one figure" : `${open} figures`} may have.${whole}`;
}

/** What surely changed: what is slower first, and of that groups before the cells in them, the largest change first. */
function changedOf(c: Comparison, axes: readonly Axis[]): Changed[] {
  const all = [
    ...c.groups.flatMap((g): Changed[] => {
      const what = who(g.levels, axes, g.otherModel).join(", ");
      const tail: Changed[] = g.p90 === null ? [] : [{ what: `the p90 of ${what}`, by: g.p90, sort: "p90" }];
      return [{ what, by: g, sort: "group" }, ...tail];
    }),
    ...c.cells.map((x): Changed => ({ what: x.cell.id, by: x, sort: "cell" })),
  ];
  const rank = ({ by, sort }: Changed) => (by.change === "slower" ? 0 : 3) + ["group", "p90", "cell"].indexOf(sort);
  return all
    .filter(({ by }) => by.change === "slower" || by.change === "faster")
    .sort((x, y) => rank(x) - rank(y) || Math.abs(Math.log(y.by.ratio)) - Math.abs(Math.log(x.by.ratio)));
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
