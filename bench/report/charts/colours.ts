import type { LegendEntry } from "../blocks.ts";
import { clientKinds } from "../../../clients/registry.ts";

/** How a client kind looks, everywhere: colour by protocol and kind, sign by protocol. */
export interface Look {
  /** A variable of the page: `grpc` is `var(--grpc)`. */
  readonly colour: string;
  readonly sign: "circle" | "diamond";
}

/** The look of a client kind: the first of a protocol has the protocol's own colour. */
export function lookOf(clientKind: string): Look {
  const protocol =
    clientKinds.find((k) => k.name === clientKind)?.protocol ?? (clientKind.startsWith("rest") ? "rest" : "grpc");
  const alike = clientKinds.filter((k) => k.protocol === protocol).map((k) => k.name);
  const colour = alike.indexOf(clientKind) > 0 ? `${protocol}-2` : protocol;
  return { colour, sign: protocol === "grpc" ? "circle" : "diamond" };
}

/** What a client kind is called: `gRPC (probe)`. */
export function kindTitle(clientKind: string): string {
  const protocol = clientKinds.find((k) => k.name === clientKind)?.protocol;
  return protocol === undefined ? clientKind : protocol === "grpc" ? `gRPC (${clientKind})` : `REST (${clientKind})`;
}

/** The legend of some client kinds. */
export function kindLegend(kinds: readonly string[]): LegendEntry[] {
  return kinds.map((kind) => ({ label: kindTitle(kind), ...lookOf(kind) }));
}

/** A colour of the page for a chart. */
export const paint = (colour: string): string => `var(--${colour})`;
