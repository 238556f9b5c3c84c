import { type Cell, isPlain } from "../cell.ts";
import { type Estimate, estimateOf, intervalOf, linear } from "./estimate.ts";
import { once } from "./memo.ts";
import { type Study, kindsOf, nullModels, placeOf } from "./study.ts";
import type { CellData, Visit } from "./visits.ts";

/*
 * Where a request's time goes. The client sees its own encoding and decoding; what lies between (sending, waiting,
 * receiving) is split with the null model, which answers a constant:
 *
 *   server and wire format = between, of the null model, called by its own machine
 *   network                = between, of the null model: called from the client machine less called by its own
 *   model compute          = between, of the model less of the null model, both called by their own machine, averaged over
 *                            the client kinds, because a model's compute does not depend on who calls it
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
  /** The whole less its parts. */
  readonly rest: Estimate;
  /**
   * Whether the rest is zero within its 95 % interval. Null where that cannot be seen: one visit only, or no other cell to
   * take the parts from.
   */
  readonly addsUp: boolean | null;
}

/** What of a cell's visits counts into a part: weights of the phases that the client sees and of what lies between. */
interface Weights {
  readonly encode: number;
  readonly decode: number;
  readonly between: number;
}

type Sum = Map<string, Weights>;

const WHOLE: Weights = { encode: 1, decode: 1, between: 1 };
const BETWEEN: Weights = { encode: 0, decode: 0, between: 1 };

/**
 * The split of every placement, model and client kind that has the cells for it. Null models are left out, and so are cells
 * under load: there a call waits for others, which is no part of these.
 */
export const attribute = once((study: Study): readonly Attribution[] => {
  const nulls = nullModels(study.manifest);
  const usable = new Map(
    study.manifest.cells.filter((c) => isPlain(c) && hasCalls(study.data.get(c.id))).map((c) => [keyOf(c), c]),
  );
  const groups = new Map<string, Cell[]>();
  for (const cell of usable.values()) {
    if (nulls.has(cell.model)) continue;
    const key = [placeOf(cell), cell.model, cell.clientKind].join("|");
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()].flatMap((cells) => attributeGroup(study, cells, usable, [...nulls]) ?? []);
});

function attributeGroup(
  study: Study,
  cells: readonly Cell[],
  usable: ReadonlyMap<string, Cell>,
  nulls: readonly string[],
): Attribution | undefined {
  const first = cells[0];
  if (first === undefined) return undefined;
  const split = cells.flatMap((cell) => sumsOf(study, cell, usable, nulls) ?? []);
  if (split.length === 0) return undefined;
  const share = 1 / split.length;
  const over = (pick: (s: CellSums) => Sum) => estimate(study, add(...split.map((s) => scale(pick(s), share))));
  const rest = over((s) => add(s.total, ...PARTS.map((p) => scale(s.parts[p], -1))));
  const interval = intervalOf(rest);
  return {
    place: placeOf(first),
    model: first.model,
    clientKind: first.clientKind,
    images: split.length,
    total: over((s) => s.total),
    parts: Object.fromEntries(PARTS.map((p) => [p, over((s) => s.parts[p])])) as Record<Part, Estimate>,
    rest,
    addsUp: interval === null || split.every((s) => s.tautology) ? null : interval.low <= 0 && interval.high >= 0,
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
      encode: term(cell, { encode: 1, decode: 0, between: 0 }),
      decode: term(cell, { encode: 0, decode: 1, between: 0 }),
      server: term(local, BETWEEN),
      network: add(term(here, BETWEEN), term(local, BETWEEN, -1)),
      compute: scale(add(...computes), 1 / computes.length),
    },
    tautology: cell.clientRole === cell.serverRole && computes.length === 1,
  };
}

function keyOf(c: Pick<Cell, "clientRole" | "serverRole" | "clientKind" | "model" | "image">): string {
  return [c.clientRole, c.serverRole, c.clientKind, c.model, c.image].join("|");
}

function hasCalls(data: CellData | undefined): boolean {
  return data !== undefined && data.failure === undefined && data.visits.length > 0;
}

function term(cell: Cell, weights: Weights, factor = 1): Sum {
  return scale(new Map([[cell.id, weights]]), factor);
}

function scale(sum: Sum, factor: number): Sum {
  return new Map(
    [...sum].map(([id, w]) => [
      id,
      { encode: w.encode * factor, decode: w.decode * factor, between: w.between * factor },
    ]),
  );
}

function add(...sums: readonly Sum[]): Sum {
  const all: Sum = new Map();
  for (const sum of sums)
    for (const [id, w] of sum) {
      const before = all.get(id) ?? { encode: 0, decode: 0, between: 0 };
      all.set(id, {
        encode: before.encode + w.encode,
        decode: before.decode + w.decode,
        between: before.between + w.between,
      });
    }
  return all;
}

/** A sum's value and error: cells are independent, and within a cell the visits are. */
function estimate(study: Study, sum: Sum): Estimate {
  const parts = [...sum].flatMap(([id, weights]) => {
    const data = study.data.get(id);
    const none = Math.abs(weights.encode) + Math.abs(weights.decode) + Math.abs(weights.between) < 1e-12;
    return data === undefined || none ? [] : [[1, estimateOf(data.visits.map((v) => weigh(v, weights)))] as const];
  });
  return parts.length === 0 ? { value: 0, se: 0, df: Infinity } : linear(parts);
}

function weigh(visit: Visit, weights: Weights): number {
  const encodeMs = visit.phaseMeansMs.encodeMs ?? 0;
  const decodeMs = visit.phaseMeansMs.decodeMs ?? 0;
  const betweenMs = visit.meanMs - encodeMs - decodeMs;
  return weights.encode * encodeMs + weights.decode * decodeMs + weights.between * betweenMs;
}
