import type { ClientKind } from "../../clients/client.ts";
import { PROTOCOLS } from "../../clients/registry.ts";
import { ENCODINGS, type Experiment } from "../matrix/experiments/schema.ts";

/** The client kinds that an experiment wants servers to be called by. */
export interface WantedClients {
  readonly kinds: readonly ClientKind[];
  /** Whether they were named; else they stand for protocols: of each, one that a server is offered to is enough. */
  readonly named: boolean;
}

/**
 * The client kinds that an experiment asks for, as far as the command line chose them too. Where neither says anything: the
 * default ones of each API and protocol. Pure.
 */
export function wantedClients(
  { clientKinds, protocols, encodings }: Pick<Experiment, "clientKinds" | "protocols" | "encodings">,
  chosen: readonly string[] | undefined,
  kinds: readonly ClientKind[],
): WantedClients {
  const isChosen = (kind: ClientKind) => chosen?.includes(kind.name) ?? true;
  if (clientKinds !== undefined)
    return { kinds: kinds.filter((k) => clientKinds.includes(k.name) && isChosen(k)), named: true };
  if (protocols === undefined && encodings === undefined)
    return {
      kinds: kinds.filter((k) => (chosen === undefined ? k.isDefault : isChosen(k))),
      named: chosen !== undefined,
    };
  const wanted = (protocols ?? PROTOCOLS.map((p) => p.key)).flatMap((protocol) => {
    const inputs = protocol === "rest" ? encodings?.map((encoding) => ENCODINGS[encoding]) : undefined;
    return inputs === undefined
      ? kinds.filter((k) => k.protocol === protocol && k.isDefault)
      : inputs.flatMap((input) => ofEachApi(kinds.filter((k) => k.protocol === protocol && k.input === input)));
  });
  return { kinds: kinds.filter((k) => wanted.includes(k) && isChosen(k)), named: false };
}

/** Of each API the default client kind among some, or the first of them. */
function ofEachApi(kinds: readonly ClientKind[]): ClientKind[] {
  const apis = Map.groupBy(kinds, (k) => k.api).values();
  return [...apis].flatMap((own) => own.find((k) => k.isDefault) ?? own.slice(0, 1));
}
