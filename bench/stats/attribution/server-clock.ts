import type { Cell } from "../../matrix/cell.ts";
import type { Estimate } from "../math/estimate.ts";
import { once } from "../math/memo.ts";
import { mean } from "../math/quantile.ts";
import type { Levels } from "../effects/design.ts";
import { type CellGroup, levelsOf } from "../levels.ts";
import { type Study, emptyModels, nullModels } from "../study.ts";
import { type Judged, type Left, judge, judgeable, leftOver, levelOf } from "./left-over.ts";
import {
  BETWEEN,
  SERVER,
  type Sum,
  add,
  estimate,
  groupsOf,
  meanOf,
  plainCells,
  scale,
  serverMeans,
  term,
} from "./sums.ts";

/*
 * The attribution put to the test by the server's own clock. It says that a model takes longer than the null model by what
 * it computes and by nothing else. So of what the client saw between encoding and decoding,
 *
 *   outside           is what the null model's calls from the same machine take outside of the server's clock: the protocol's
 *                     library, the kernel on both ends, the network
 *   the server's own  is what is left, if that is so: it is compared with what the server itself measured
 */

/** Cells that differ in their image alone: means over images, milliseconds. */
export interface ServerClock {
  /** Levels on all axes but the image. */
  readonly levels: Levels;
  readonly images: number;
  /** Visits of the model's cells that the server's clock reported. */
  readonly visits: number;
  readonly between: Estimate;
  readonly outside: Estimate;
  readonly server: Estimate;
  /** The model's own run, by the server's clock; null if it ran for others, too. */
  readonly runMs: number | null;
  /** What the client saw less outside and the server's own. */
  readonly difference: Estimate;
  /** Whether they agree: the difference judged as a share of what the client saw. */
  readonly judged: Judged;
}

/** What the server's clock said of a run's visits. */
export interface ServerClocks {
  readonly rows: readonly ServerClock[];
  /** Visits in which servers answered others, too, and visits of which the clock could not be read: left out. */
  readonly others: number;
  readonly unread: number;
}

/** Compares the attribution with the servers' own clocks, wherever there are any. */
export const serverClocks = once((study: Study): ServerClocks => {
  const nulls = nullModels(study.manifest);
  const unknown = [...study.data.values()].flatMap((d) =>
    d.visits.flatMap(({ server }) => (server !== undefined && "unknown" in server ? [server.unknown] : [])),
  );
  const empty = emptyModels(study);
  const rows = groupsOf(study, nulls).flatMap((cells) => clockOf(study, cells, empty) ?? []);
  const level = levelOf(rows.filter((r) => judgeable(r.left)).length);
  return {
    rows: rows.map(({ stepMs, left, ...row }) => ({
      ...row,
      difference: left.estimate,
      judged: judge(left, row.between.value, level, stepMs),
    })),
    others: unknown.filter((u) => u === "others").length,
    unread: unknown.filter((u) => u === "unread").length,
  };
});

function clockOf(
  study: Study,
  cells: CellGroup,
  nulls: readonly string[],
): (Omit<ServerClock, "judged" | "difference"> & { readonly left: Left; readonly stepMs: number }) | undefined {
  const usable = plainCells(study);
  const reported = (cell: Cell) => (study.data.get(cell.id)?.visits ?? []).flatMap((v) => serverMeans(v) ?? []);
  const split = cells.flatMap((cell) => {
    const empty = nulls.flatMap((model) => usable.at({ ...cell, model }) ?? [])[0];
    return empty === undefined || reported(cell).length === 0 || reported(empty).length === 0
      ? []
      : [{ cell, empty, reported: reported(cell) }];
  });
  if (split.length === 0) return undefined;
  type Part = (typeof split)[number];
  const sumOver = (pick: (part: Part) => Sum) => meanOf(split.map(pick));
  const over = (pick: (part: Part) => Sum) => estimate(study, sumOver(pick));
  const outside = ({ empty }: Part) => add(term(empty, BETWEEN), term(empty, SERVER, -1));
  const between = over(({ cell }) => term(cell, BETWEEN));
  const difference = sumOver((p) => add(term(p.cell, BETWEEN), term(p.cell, SERVER, -1), scale(outside(p), -1)));
  const all = split.flatMap((p) => p.reported);
  const runs = all.flatMap((t) => t.runMs ?? []);
  return {
    levels: levelsOf(cells[0], study.axes, ["image"]),
    images: split.length,
    visits: all.length,
    between,
    outside: over(outside),
    server: over(({ cell }) => term(cell, SERVER)),
    runMs: runs.length === all.length ? mean(runs) : null,
    left: leftOver(study, difference),
    stepMs: all.reduce((most, t) => Math.max(most, t.stepMs), -Infinity),
  };
}
