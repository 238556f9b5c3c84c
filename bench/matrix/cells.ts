import { type Cell, cellId } from "./cell.ts";
import type { ClientKind } from "../../clients/client.ts";
import { random } from "../stats/math/random.ts";

/** Which client machine calls which server machine. */
export interface Placement {
  readonly clientRole: string;
  readonly serverRole: string;
}

/** What the matrix is made of. */
export interface MatrixSpec {
  readonly placements: readonly Placement[];
  /** Client kinds by name, with the protocol each speaks and what it sends. */
  readonly clientKinds: readonly Pick<ClientKind, "name" | "protocol" | "input">[];
  /** Names of the models deployed on each server role. */
  readonly modelsByRole: Readonly<Record<string, readonly string[]>>;
  readonly images: readonly string[];
  /** How cells are loaded: calls in flight, and a rate for an open loop. */
  readonly loads: readonly { readonly concurrency: number; readonly ratePerSecond: number | null }[];
}

/** Every cell of the matrix, in a fixed order. */
export function benchPlan(spec: MatrixSpec): Cell[] {
  return spec.placements.flatMap((placement) =>
    (spec.modelsByRole[placement.serverRole] ?? []).flatMap((model) =>
      spec.clientKinds.flatMap(({ name: clientKind, protocol, input }) =>
        spec.images.flatMap((image) =>
          spec.loads.map(({ concurrency, ratePerSecond }) => {
            const coordinates = {
              ...{ ...placement, clientKind, model, image },
              ...(concurrency === 1 ? {} : { concurrency }),
              ...(ratePerSecond === null ? {} : { ratePerSecond }),
            };
            return { id: cellId(coordinates), ...coordinates, protocol, input };
          }),
        ),
      ),
    ),
  );
}

/**
 * The order in which one round visits its cells: a shuffle that depends on seed and round alone, so that drift of the
 * machines does not land on one cell.
 */
export function roundOrder<T>(cells: readonly T[], seed: number, round: number): T[] {
  const stream = random((seed ^ Math.imul(round + 1, 0x9e3779b1)) | 0);
  const order = [...cells];
  for (let i = order.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
