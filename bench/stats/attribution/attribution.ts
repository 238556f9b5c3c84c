import type { Cell } from "../../matrix/cell.ts";
import type { Estimate } from "../math/estimate.ts";
import { once } from "../math/memo.ts";
import { type Study, kindsOf, nullModels, placeOf } from "../study.ts";
import {
  BETWEEN,
  DECODE,
  ENCODE,
  type Judged,
  type Left,
  type Sum,
  UNJUDGED,
  WHOLE,
  add,
  estimate,
  groupsOf,
  isNothing,
  judge,
  judgeable,
  keyOf,
  leftOver,
  levelOf,
  plainCells,
  scale,
  term,
} from "./sums.ts";

/*
 * Where a request's time goes. The client sees its own encoding and decoding; what lies between (sending, waiting,
 * receiving) is split with the null model, which answers a constant:
 *
 *   server and wire format = between, of the null model, called by its own machine
 *   network                = between, of the null model: called from the client machine less called by its own
 *   model compute          = between, of the model less of the null model, both called by their own machine, averaged over
 *                            the client kinds, because a model's compute does not depend on who calls it
 *
 * Where the null model answers its own machine more slowly than the client machine (at home both ends share a processor), there
 * is no network to be seen: it is not asked for, and server and wire format are what the null model takes from the client
 * machine, network and all.
 *
 * So each part comes from other cells than the one it explains, as far as there are any, and that the parts add up to the
 * whole is a finding and no identity.
 */
export const PARTS = ["encode", "decode", "server", "network", "compute"] as const;
export type Part = (typeof PARTS)[number];

/** The split of one placement, model and client kind: mean over images, milliseconds. */
export interface Attribution {
  readonly place: string;
  readonly model: string;
  readonly clientKind: string;
  readonly images: number;
  readonly total: Estimate;
  readonly parts: Readonly<Record<Part, Estimate>>;
  /** By how much the null model takes longer from the client machine than at home. Below zero, `parts.network` is 0. */
  readonly distance: Estimate;
  /** The whole less its parts. */
  readonly rest: Estimate;
  /** Whether the parts add up: the rest judged as a share of the whole. */
  readonly judged: Judged;
  /**
   * `identity`: the parts are taken from these cells themselves and add up by construction. `follows`: at home the rests of a
   * model's clients are zero together by construction, so the last one's follows from the others'. `finding`: neither; these
   * are counted.
   */
  readonly kind: "finding" | "follows" | "identity";
}

interface Row extends Omit<Attribution, "judged" | "kind" | "rest"> {
  readonly restSum: Sum;
  readonly left: Left;
  readonly identity: boolean;
}

/**
 * The split of every placement, model and client kind that has the cells for it. Null models are left out, and so are cells
 * under load: there a call waits for others, which is no part of these.
 */
export const attribute = once((study: Study): readonly Attribution[] => {
  const nulls = nullModels(study.manifest);
  const usable = plainCells(study);
  const rows = groupsOf(usable, nulls).flatMap((cells) => attributeGroup(study, cells, usable, [...nulls]) ?? []);
  const following = followers(rows);
  const kindOf = (row: Row) => (row.identity ? "identity" : following.has(row) ? "follows" : "finding");
  const level = levelOf(rows.filter((r) => kindOf(r) === "finding" && judgeable(r.left)).length);
  return rows.map((row) => {
    const { restSum: _, left, identity, ...shown } = row;
    const judged = identity ? UNJUDGED : judge(left, row.total.value, level);
    return { ...shown, rest: left.estimate, judged, kind: kindOf(row) };
  });
});

/** Rows whose rest is determined by the rests before it, of the same placement and model. */
function followers(rows: readonly Row[]): ReadonlySet<Row> {
  const found = new Set<Row>();
  const groups = Map.groupBy(
    rows.filter((r) => !r.identity),
    (r) => `${r.place}|${r.model}`,
  );
  for (const own of groups.values()) {
    const last = own.at(-1);
    if (last !== undefined && own.length > 1 && isNothing(add(...own.map((r) => r.restSum)))) found.add(last);
  }
  return found;
}

function attributeGroup(
  study: Study,
  cells: readonly Cell[],
  usable: ReadonlyMap<string, Cell>,
  nulls: readonly string[],
): Row | undefined {
  const first = cells[0];
  if (first === undefined) return undefined;
  const split = cells.flatMap((cell) => sumsOf(study, cell, usable, nulls) ?? []);
  if (split.length === 0) return undefined;
  const share = 1 / split.length;
  const sumOver = (pick: (s: CellSums) => Sum) => add(...split.map((s) => scale(pick(s), share)));
  const over = (pick: (s: CellSums) => Sum) => estimate(study, sumOver(pick));
  const restSum = sumOver((s) => add(s.total, ...PARTS.map((p) => scale(s.parts[p], -1))));
  const found = Object.fromEntries(PARTS.map((p) => [p, over((s) => s.parts[p])])) as Record<Part, Estimate>;
  const unseen = found.network.value < 0 && {
    server: over((s) => add(s.parts.server, s.parts.network)),
    network: { value: 0, se: 0, df: Infinity },
  };
  return {
    place: placeOf(first),
    model: first.model,
    clientKind: first.clientKind,
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

function sumsOf(
  study: Study,
  cell: Cell,
  usable: ReadonlyMap<string, Cell>,
  nulls: readonly string[],
): CellSums | undefined {
  const find = (change: Partial<Cell>) => usable.get(keyOf({ ...cell, ...change }));
  const ofNull = (change: Partial<Cell>) =>
    nulls.map((model) => find({ ...change, model })).find((c) => c !== undefined);
  const own = { clientRole: cell.serverRole };
  const here = ofNull({});
  const local = ofNull(own);
  if (here === undefined || local === undefined) return undefined;

  // Client kinds that send the same input: a model that is sent a file decodes it first.
  const kinds = [...kindsOf(study.manifest, "grpc"), ...kindsOf(study.manifest, "rest")];
  const alike = cell.input === "pixels" ? kinds : [cell.clientKind];
  const computes = alike.flatMap((clientKind) => {
    const model = find({ ...own, clientKind });
    const without = ofNull({ ...own, clientKind });
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
      compute: scale(add(...computes), 1 / computes.length),
    },
    tautology: cell.clientRole === cell.serverRole && computes.length === 1,
  };
}
