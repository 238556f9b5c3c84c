import type { LegendEntry } from "../blocks.ts";
import { PROTOCOLS, clientKinds, protocolTitle } from "../../../clients/registry.ts";

/** The colour and sign of a client kind, everywhere: colour by protocol and kind, sign by protocol. */
export interface Look {
  /** A variable of the page: `protocol-1` is `var(--protocol-1)`. */
  readonly colour: string;
  readonly sign: "circle" | "diamond";
}

/** Protocols that have a colour of their own in page.css; further ones begin again. */
const COLOURS = 4;

/** The look of a protocol, by its position in the registry; `second`: of a client kind that is not its first. */
export function protocolLook(key: string, second = false): Look {
  const index = PROTOCOLS.findIndex((p) => p.key === key);
  if (index < 0) return { colour: "ink", sign: "circle" };
  const colour = `protocol-${(index % COLOURS) + 1}${second ? "-2" : ""}`;
  return { colour, sign: index % 2 === 0 ? "circle" : "diamond" };
}

/** The look of a client kind: the first of a protocol has the protocol's own colour. */
export function lookOf(client: string): Look {
  const protocol = clientKinds.find((k) => k.name === client)?.protocol;
  const first = clientKinds.find((k) => k.protocol === protocol);
  return protocolLook(protocol ?? "", first?.name !== client);
}

/** What a client kind is called: `gRPC (probe)`. */
export function kindTitle(client: string): string {
  const protocol = clientKinds.find((k) => k.name === client)?.protocol;
  return protocol === undefined ? client : `${protocolTitle(protocol)} (${client})`;
}

/** The legend of some client kinds. */
export function kindLegend(kinds: readonly string[]): LegendEntry[] {
  return kinds.map((kind) => ({ label: kindTitle(kind), ...lookOf(kind) }));
}

/** A colour of the page for a chart. */
export const paint = (colour: string): string => `var(--${colour})`;
