import type { ServerValues } from "./keys.ts";
import type { Places } from "./places.ts";

/** What one part of the config says of a server, and where. */
export interface Layer {
  readonly values: ServerValues;
  readonly places: Places;
}

/** A value, and where it was said; where nobody says it, where it may be set. */
export interface Found<V> {
  readonly value: V | undefined;
  readonly places: Places;
  /** Whether the server's own map says it, or what holds for others too, or nobody. */
  readonly saidBy: "own" | "all" | "nobody";
}

/** The kind that layers (the weakest first) name, and what they say of it, not what is said of another. Pure. */
export function ofKind(layers: readonly Layer[], otherwise: string): { kind: string; layers: Layer[] } {
  let kind = otherwise;
  let own: Layer[] = [];
  for (const layer of layers) {
    const named = layer.values.server ?? kind;
    // These keys mean something to servers of one kind alone.
    if (named !== kind)
      own = own.map(({ values: { image: _i, ports: _p, settings: _s, tuned: _t, ...values }, places }) => ({
        values,
        places,
      }));
    kind = named;
    own.push(layer);
  }
  return { kind, layers: own };
}

/** What the strongest layer that says something says; the last and strongest is the server's own map. Pure. */
export function found<V>(layers: readonly Layer[], read: (values: ServerValues) => V | undefined): Found<V> {
  const at = layers.findLastIndex(({ values }) => read(values) !== undefined);
  const layer = layers[at] ?? layers.at(-1);
  if (layer === undefined) throw new Error("a server of which nothing is said");
  return {
    value: read(layer.values),
    places: layer.places,
    saidBy: at === -1 ? "nobody" : at === layers.length - 1 ? "own" : "all",
  };
}
