import type { PlannedEndpoint } from "../access/plan.ts";
import type { AccessConfig } from "../access/config.ts";
import { METRICS, type KindEndpoint, type ServerKind } from "./kind.ts";

type Doors = Pick<AccessConfig, "tls" | "rest">;
type Offer = Pick<ServerKind, "name" | "endpoints">;

/** The protocol that `lathe:rest` is about. */
const REST = "rest";

/**
 * The open endpoints of a server as its config asks for them. Pure; what the kind cannot do is left out (`accessProblems` tells it).
 *
 * @param ports by protocol, on the machine; the kind's own where there is none
 */
export function plannedEndpoints(
  kind: Pick<ServerKind, "endpoints">,
  ports: Readonly<Record<string, number>>,
  access: Doors,
): PlannedEndpoint[] {
  return kind.endpoints
    .filter((endpoint) => isOpen(endpoint, access))
    .map((endpoint) => {
      const { defaultPort, protections: _protections, closable: _closable, ...spoken } = endpoint;
      return { ...spoken, port: ports[endpoint.protocol] ?? defaultPort, security: securityOf(endpoint, access) };
    });
}

/** Whether an endpoint is open as the config asks for it. The page of metrics has no protection: it is open where REST needs none. Pure. */
export function isOpen({ protocol }: Pick<KindEndpoint, "protocol">, { rest }: Pick<Doors, "rest">): boolean {
  if (protocol === METRICS) return rest === "open";
  return protocol !== REST || rest !== "off";
}

/** `lathe:rest token` first, which only REST knows; then `lathe:tls`, as far as the endpoint knows TLS itself. */
function securityOf({ protocol, protections }: KindEndpoint, { tls, rest }: Doors): PlannedEndpoint["security"] {
  if (protocol === REST && rest === "token" && protections.includes("token")) return "token";
  if (tls === "mutual" && protections.includes("mutual-tls")) return "mutual-tls";
  if (tls !== "off" && protections.includes("tls")) return "tls";
  return "none";
}

/** Something that a config asks of a server, and that servers of its kind cannot do. */
export interface AccessProblem {
  /** Whose value it is: `lathe:tls` or `lathe:rest`. */
  readonly key: keyof Doors;
  readonly what: string;
  readonly expected?: string;
  /** A value that would do; absent: none but what holds where nothing is set. */
  readonly instead?: string;
}

/** What a config asks of a server that servers of its kind cannot do. Pure. */
export function accessProblems(kind: Offer, { tls, rest }: Doors): AccessProblem[] {
  const offers = (protection: PlannedEndpoint["security"]) =>
    kind.endpoints.some(({ protections }) => (protections as readonly string[]).includes(protection));
  const restEndpoint = kind.endpoints.find(({ protocol }) => protocol === REST);
  const problems: AccessProblem[] = [];
  if (tls === "mutual" && !offers("mutual-tls"))
    problems.push({
      key: "tls",
      what: `mutual, but no endpoint of a ${kind.name} server asks clients for a certificate`,
      ...(offers("tls") ? { expected: "server or off", instead: "server" } : { expected: "off" }),
    });
  else if (tls === "server" && !offers("tls"))
    problems.push({ key: "tls", what: `server, but no endpoint of a ${kind.name} server speaks TLS`, expected: "off" });
  if (rest === "token" && restEndpoint?.protections.includes("token") !== true)
    problems.push({
      key: "rest",
      what: `token, but a ${kind.name} server has no REST endpoint that a token may protect`,
    });
  if (rest === "off" && restEndpoint !== undefined) problems.push(...closedProblems(kind, restEndpoint));
  return problems;
}

function closedProblems(kind: Offer, rest: KindEndpoint): AccessProblem[] {
  const ways = ["open", ...(rest.protections.includes("token") ? ["token"] : [])];
  const others = kind.endpoints.filter((endpoint) => endpoint !== rest && endpoint.protocol !== METRICS);
  if (rest.closable && others.length > 0) return [];
  const why = others.length === 0 ? "has no other endpoint" : "cannot close it";
  return [
    {
      key: "rest",
      what: `off (which lathe:tls means where lathe:rest is not set), but a ${kind.name} server ${why}`,
      expected: ways.join(" or "),
      instead: ways.at(-1) ?? "open",
    },
  ];
}
