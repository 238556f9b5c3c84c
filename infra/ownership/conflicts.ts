import { protocolTitle } from "../../clients/registry.ts";
import type { Fault } from "../../lib/errors.ts";
import { networkName } from "../access/firewall-rules.ts";
import { proxyContainer } from "../access/plan.ts";
import { hostName, sshCommand } from "../hosts/connection/diagnose.ts";
import { atMost, MOST_CONTAINERS } from "../hosts/bounds.ts";
import { hasPort, listening, publishedPorts, type PortRange } from "../hosts/connection/listening.ts";
import type { ReservationSpec } from "./spec.ts";

/* Who has the names and the ports of a server's reservation on its host, see reservation.ts: itself, or others. */

/** A container or a network. */
export interface Listed {
  readonly names: readonly string[];
  readonly id: string;
}

/**
 * Reads what `docker ps` and `docker network ls` print for Lathe, a line each: names (commas between them), id, and other words
 * after spaces. `rest` makes of those words, and of the whole line, what else is wanted. Pure.
 *
 * @throws UserError if there are more than an engine has
 */
export function readListed<T>(printed: string, rest: (words: readonly string[], line: string) => T): (Listed & T)[] {
  const lines = printed.split("\n").filter((line) => line !== "");
  return atMost(MOST_CONTAINERS, "containers or networks", lines).map((line) => {
    const [names = "", id = "", ...words] = line.split(" ");
    return { names: names.split(","), id, ...rest(words, line) };
  });
}

/** Who has a name. */
export function named<T extends Listed>(all: readonly T[], name: string): T | undefined {
  return all.find(({ names }) => names.includes(name));
}

/** So much of an id as Docker shows. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** A container or a network that has a name. */
interface Holder extends Listed {
  /** Its labels: whose it is, and of which of their servers; empty if it has none. */
  readonly deployment: string;
  readonly owner: string;
  readonly server: string;
  /** What it publishes: a container that does not run publishes none. */
  readonly ports: readonly PortRange[];
}

/** What a host says of a server's reservation. */
export interface Seen {
  readonly containers: readonly Holder[];
  /** The one that has the name of the server's own, where it is to have one. */
  readonly networks: readonly Holder[];
  readonly listening: readonly number[];
}

/** Reads what `LOOK` printed. Pure. */
export function parseSeen(printed: string): Seen {
  const [containers = "", networks = "", sockets = ""] = printed.split(/^@@\w+$/m);
  return {
    containers: readHolders(containers),
    networks: readHolders(networks),
    listening: listening(sockets).map(({ port }) => port),
  };
}

function readHolders(lines: string): Holder[] {
  return readListed(lines, ([deployment = "", owner = "", server = ""], line) => {
    return { deployment, owner, server, ports: publishedPorts(line) };
  });
}

/** The names that a server is to have, and who has them. */
function names(spec: ReservationSpec, { containers, networks }: Seen) {
  const { container, owner, proxy, beside } = spec;
  const wanted = (kind: "container" | "network", name: string, among: readonly Holder[], leftover: string) =>
    ({ kind, name, holder: named(among, name), leftover }) as const;
  return [
    // A proxy before its server: in this order they are removed.
    ...(proxy ? [wanted("container", proxyContainer(container), containers, beside?.proxy ?? "")] : []),
    wanted("container", container, containers, spec.leftover),
    ...(beside === undefined ? [] : [wanted("network", networkName(owner, container), networks, beside.network)]),
  ];
}

/** What keeps a server from its names or its ports; what is of the same deployment does not. Pure. */
export function conflicts(spec: ReservationSpec, seen: Seen): Fault[] {
  const { target } = spec;
  const host = hostName(target);
  const on = (command: string) => (target === null ? command : `${sshCommand(target)} ${command}`);
  return [
    ...names(spec, seen).flatMap(({ kind, name, holder }) =>
      holder === undefined || holder.deployment === spec.id ? [] : [nameFault(spec, host, on, kind, name, holder)],
    ),
    ...spec.ports.flatMap(({ protocol, port }): Fault[] => {
      const by = seen.containers.find((c) => hasPort(c.ports, port));
      // Its own container goes before the next one comes, under whatever name it ran.
      if (by === undefined ? !seen.listening.includes(port) : by.deployment === spec.id) return [];
      const whose = by === undefined ? `another program (which: ${on("sudo ss -ltnp")})` : `container ${by.names[0]}`;
      return [
        {
          what: `${host}: port ${port} is taken by ${whose}`,
          expected: `a free port for ${protocolTitle(protocol)}`,
          fix: `end it there, or: npx lathe pulumi config set --path lathe:ports.${protocol} PORT`,
        },
      ];
    }),
  ];
}

function nameFault(
  { container }: ReservationSpec,
  host: string,
  on: (command: string) => string,
  kind: "container" | "network",
  name: string,
  { owner }: Holder,
): Fault {
  const whose = owner === "" ? "not Lathe's" : `of stack ${owner}, of somebody else or of a state that was lost`;
  const remove = kind === "container" ? `docker rm -f ${name}` : `docker network rm ${name}`;
  return {
    what: `${host}: there is a ${kind} ${name} already (${whose})`,
    expected: `a name that no other ${kind} has`,
    fix: `npx lathe pulumi config set lathe:container NAME${name === container ? "" : ", from which its name is made"}; or, if nobody needs it: ${on(remove)}`,
  };
}

/**
 * What must go before a server's containers come: its leftovers, a proxy of its own that is no more wanted, and containers of
 * other servers of the same deployment that have its name or a port of its: they go or are made anew under other ones. Pure.
 */
export function toRemove(spec: ReservationSpec, seen: Seen): { containers: string[]; networks: string[] } {
  const all = names(spec, seen);
  const leftovers = (of: string) =>
    all.flatMap(({ kind, holder, leftover }) =>
      kind === of && leftover !== "" && holder?.id.startsWith(leftover) === true && holder.deployment === spec.id
        ? [holder.id]
        : [],
    );
  const wanted = new Set(all.map(({ name }) => name));
  const ports = spec.ports.map(({ port }) => port);
  const inTheWay = seen.containers.filter((c) => {
    if (c.deployment !== spec.id) return false;
    // It has the port that the server itself is about to take.
    if (c.server === spec.server) return !spec.proxy && c.names.includes(proxyContainer(spec.container));
    return c.names.some((name) => wanted.has(name)) || ports.some((port) => hasPort(c.ports, port));
  });
  const containers = [...inTheWay.map(({ id }) => id), ...leftovers("container")];
  return { containers: [...new Set(containers)], networks: leftovers("network") };
}
