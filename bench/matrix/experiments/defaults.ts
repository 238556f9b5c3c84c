import { loadKeys } from "../../loads/registry.ts";
import type { Experiment, Fields } from "./schema.ts";

/** Keys that are each right and cannot be together. */
export interface Clash {
  readonly key: keyof Fields;
  readonly what: string;
  readonly expected: string;
}

/** The clashes in an experiment, or in the defaults of a file. */
export function clashes(e: Partial<Experiment>): Clash[] {
  const found: Clash[] = [];
  if (e.clientKinds !== undefined && (e.protocols !== undefined || e.encodings !== undefined))
    found.push({
      key: "clientKinds",
      what: "besides protocols or encodings",
      expected: "either clientKinds, or protocols and encodings: a client kind implies both",
    });
  if (e.encodings !== undefined && e.protocols?.includes("rest") === false)
    found.push({ key: "encodings", what: "without the protocol rest", expected: "protocols: [grpc, rest]" });
  if (e.clientMachines === "same" && e.serverMachines === "others")
    found.push({
      key: "serverMachines",
      what: "others, where clientMachines is same",
      expected: "all, or names: each machine calls itself",
    });
  if (e.clientMachines === "same" && e.links !== undefined)
    found.push({
      key: "links",
      what: "links, although clientMachines is same",
      expected: "no links: each machine calls itself",
    });
  const twice = e.links?.find(({ name }, i) => e.links?.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined)
    found.push({
      key: "links",
      what: `two links with the name "${twice.name}"`,
      expected: "a name of its own for each",
    });
  if ((e.limits?.minRequests ?? 0) > (e.limits?.requests ?? Infinity))
    found.push({ key: "limits", what: "minRequests above requests", expected: "minRequests of at most requests" });
  return found;
}

/**
 * An experiment's own keys before its file's defaults. A default does not apply if an own key contradicts it: own client kinds replace
 * default protocols, and the other way round; own protocols without REST replace default encodings; own `loads` replace default short keys
 * for loads, and the other way round. If each machine calls itself, default `others` and default links do not apply.
 */
export function withDefaults(
  own: Partial<Experiment>,
  defaults: Fields,
): Partial<Experiment> & Pick<Experiment, "limits"> {
  const kept: Record<string, unknown> = { ...defaults };
  if (own.clientKinds !== undefined) delete kept["protocols"];
  if (own.clientKinds !== undefined || own.protocols?.includes("rest") === false) delete kept["encodings"];
  if (own.protocols !== undefined || own.encodings !== undefined) delete kept["clientKinds"];
  if (own.clientMachines === "same" && kept["serverMachines"] === "others") delete kept["serverMachines"];
  const short = Object.keys(loadKeys());
  if (own.loads !== undefined) for (const key of short) delete kept[key];
  else if (short.some((key) => (own as Readonly<Record<string, unknown>>)[key] !== undefined)) delete kept["loads"];
  if (own.clientMachines === "same") delete kept["links"];
  const present = (fields: object) => Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined));
  return { ...present(kept), ...present(own), limits: { ...defaults.limits, ...own.limits } };
}
