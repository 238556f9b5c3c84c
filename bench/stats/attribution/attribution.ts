import type { Cell } from "../../matrix/cell.ts";
import type { Estimate } from "../math/estimate.ts";
import { once } from "../math/memo.ts";
import type { Levels } from "../effects/design.ts";
import { type CellGroup, levelsOf } from "../levels.ts";
import { type Study, emptyModels, nullModels, pixelClients } from "../study.ts";
import { type Judged, type Left, UNJUDGED, judge, judgeable, leftOver, levelOf } from "./left-over.ts";
import {
  BETWEEN,
  DECODE,
  ENCODE,
  type Sum,
  WHOLE,
  add,
  estimate,
  groupsOf,
  isNothing,
  meanOf,
  plainCells,
  type PlainCells,
  scale,
  term,
} from "./sums.ts";

/*
 * Where a request's time goes. The client times its own encoding and decoding. What lies between them (sending, waiting,
 * receiving) is split by means of the null model, which answers a constant:
 *
 *   server and wire format = between, of the null model, called by its own machine
 *   network                = between, of the null model: called from the client machine less called by its own
 *   model compute          = between, of the model less of the null model, both called by their own machine, averaged over
 *                            the client kinds, because a model's compute does not depend on who calls it
 *
 * Where client and server share a processor, the null model may answer its own machine more slowly than the client machine. The
 * network then counts as 0, and server and wire format are what the null model takes from the client machine, network included.
 *
 * As far as there are other cells, each part comes from those and not from the cell that it explains. So it is a finding, and no
 * identity, where the parts add up to the whole.
 */
export const PARTS = ["encode", "decode", "server", "network", "compute"] as const;
export type Part = (typeof PARTS)[number];

/** The split of cells that differ in their image alone: mean over images, milliseconds. */
export interface Attribution {
  /** Levels on all axes but the image. */
  readonly levels: Levels;
  readonly images: number;
  readonly total: Estimate;
  readonly parts: Readonly<Record<Part, Estimate>>;
  /** By how much the null model takes longer from the client machine than from its own. Below zero, `parts.network` is 0. */
  readonly distance: Estimate;
  /** The whole less its parts. */
  readonly rest: Estimate;
  /** Whether the parts add up: the rest judged as a share of the whole. */
  readonly judged: Judged;
  /**
   * `identity`: the parts are taken from these cells themselves and add up by construction. `follows`: the rests of a model's
   * clients on its own machine sum to zero by construction, so the last one follows from the others. `finding`: neither; these are counted.
   */
  readonly kind: "finding" | "follows" | "identity";
}

/** Share of the whole that may be missing from its parts, or be too much, where they are shown as parts of it. */
const SHOWN_REST = 0.1;

/** Whether an attribution's parts come to its whole closely enough to be shown as parts of it; where machines varied much they do not. */
export function comesToWhole({ rest, total }: Pick<Attribution, "rest" | "total">): boolean {
  return Math.abs(rest.value) <= SHOWN_REST * total.value;
}

interface Row extends Omit<Attribution, "judged" | "kind" | "rest"> {
  readonly restSum: Sum;
  readonly left: Left;
  readonly identity: boolean;
}

/**
 * The split of every group of cells that differ in their image alone, where there are the cells for it. Null models are left out, and so are cells
 * under load: there a call waits for others, which is no part of these.
 */
export const attribute = once((study: Study): readonly Attribution[] => {
  const nulls = nullModels(study.manifest);
  const empty = emptyModels(study);
  const rows = groupsOf(study, nulls).flatMap((cells) => attributeGroup(study, cells, empty) ?? []);
  const following = followers(rows);
  const kindOf = (row: Row) => (row.identity ? "identity" : following.has(row) ? "follows" : "finding");
  const level = levelOf(rows.filter((r) => kindOf(r) === "finding" && judgeable(r.left)).length);
  return rows.map((row) => {
    const { restSum: _, left, identity, ...shown } = row;
    const judged = identity ? UNJUDGED : judge(left, row.total.value, level);
    return { ...shown, rest: left.estimate, judged, kind: kindOf(row) };
  });
});

/** Rows whose rest is determined by the rests before it, of the same levels but for the client. */
function followers(rows: readonly Row[]): ReadonlySet<Row> {
  const found = new Set<Row>();
  const groups = Map.groupBy(
    rows.filter((r) => !r.identity),
    ({ levels: { protocol: _, client: __, ...others } }) => JSON.stringify(others),
  );
  for (const own of groups.values()) {
    const last = own.at(-1);
    if (last !== undefined && own.length > 1 && isNothing(add(...own.map((r) => r.restSum)))) found.add(last);
  }
  return found;
}

function attributeGroup(study: Study, cells: CellGroup, nulls: readonly string[]): Row | undefined {
  const usable = plainCells(study);
  const split = cells.flatMap((cell) => sumsOf(study, cell, usable, nulls) ?? []);
  if (split.length === 0) return undefined;
  const sumOver = (pick: (s: CellSums) => Sum) => meanOf(split.map(pick));
  const over = (pick: (s: CellSums) => Sum) => estimate(study, sumOver(pick));
  const restSum = sumOver((s) => add(s.total, ...PARTS.map((p) => scale(s.parts[p], -1))));
  const found = Object.fromEntries(PARTS.map((p) => [p, over((s) => s.parts[p])])) as Record<Part, Estimate>;
  const unseen = found.network.value < 0 && {
    server: over((s) => add(s.parts.server, s.parts.network)),
    network: { value: 0, se: 0, df: Infinity },
  };
  return {
    levels: levelsOf(cells[0], study.axes, ["image"]),
    images: split.length,
    total: over((s) => s.total),
    parts: { ...found, ...unseen },
    distance: found.network,
    left: leftOver(study, restSum),
    restSum,
    identity: split.every((s) => s.tautology),
  };
}

interface CellSums {
  readonly total: Sum;
  readonly parts: Readonly<Record<Part, Sum>>;
  /** The parts come from this cell itself, so they add up by construction. */
  readonly tautology: boolean;
}

function sumsOf(study: Study, cell: Cell, usable: PlainCells, nulls: readonly string[]): CellSums | undefined {
  const firstOf = <T>(items: readonly T[], find: (item: T) => Cell | undefined) =>
    items.map(find).find((c) => c !== undefined);
  const here = firstOf(nulls, (model) => usable.at({ ...cell, model }));
  const local = firstOf(nulls, (model) => usable.localAt({ ...cell, model }));
  if (here === undefined || local === undefined) return undefined;

  // Client kinds that send the same input: a model that is sent a file decodes it first.
  const alike = cell.input === "pixels" ? pixelClients(study.manifest) : [cell.client];
  const computes = alike.flatMap((client) => {
    const model = usable.localAt({ ...cell, client });
    const without = firstOf(nulls, (empty) => usable.localAt({ ...cell, client, model: empty }));
    return model === undefined || without === undefined ? [] : [add(term(model, BETWEEN), term(without, BETWEEN, -1))];
  });
  if (computes.length === 0) return undefined;
  return {
    total: term(cell, WHOLE),
    parts: {
      encode: term(cell, ENCODE),
      decode: term(cell, DECODE),
      server: term(local, BETWEEN),
      network: add(term(here, BETWEEN), term(local, BETWEEN, -1)),
      compute: meanOf(computes),
    },
    tautology: cell.local && computes.length === 1,
  };
}
