import { StatusError } from "../../codes.ts";
import type { Tensor } from "../../client.ts";

type Data = Tensor["data"];
type NumberData = Exclude<Data, readonly Uint8Array[] | BigInt64Array>;

/** No server shortens a list of more: a few bytes that claim to stand for so much are a fault, and must not take memory. */
const MOST_FILLED = 2 ** 20;

/**
 * A typed list as the elements of a tensor of `count`: a shorter list goes on with its last value, an empty one with
 * zeros (or empty strings), as TensorFlow reads them. Throws StatusError INTERNAL where the list is longer.
 */
export function fill(values: Data, count: number): Data {
  if (values.length === count) return values;
  if (values.length > count || count > MOST_FILLED)
    throw new StatusError("INTERNAL", `${values.length} values for a tensor of ${count} elements`);
  if (!ArrayBuffer.isView(values)) {
    const last = values.at(-1) ?? new Uint8Array(0);
    return Array.from({ length: count }, (_, i) => values[i] ?? last);
  }
  if (values instanceof BigInt64Array) {
    const all = new BigInt64Array(count);
    all.set(values);
    return all.fill(values.at(-1) ?? 0n, values.length);
  }
  const all = new (values.constructor as new (length: number) => NumberData)(count);
  all.set(values);
  return all.fill(values.at(-1) ?? 0, values.length);
}
