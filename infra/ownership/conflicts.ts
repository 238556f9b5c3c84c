import type { Fault } from "../../lib/errors.ts";
import { sshCommand } from "../hosts/diagnose-command.ts";
import { proxyContainer } from "../access/plan.ts";
import { networkName } from "../access/firewall-rules.ts";
import { type Listed, named, readListed } from "./docker-list.ts";
import type { RoomSpec } from "../host-programs/specs.ts";

/* Who has the names and the ports of a deployment's room on its host, see room.ts: itself, or others. */

/** A container or a network that has a name. */
interface Holder extends Listed {
  /** Its labels: whose it is; empty where it has none. */
  readonly deployment: string;
  readonly owner: string;
  /** What it publishes: a container that does not run publishes none. */
  readonly ports: readonly number[];
}

/** What a host says of a deployment's room. */
export interface Seen {
  readonly containers: readonly Holder[];
  /** The one that has the name of the deployment's own, where it is to have one. */
  readonly networks: readonly Holder[];
  readonly listening: readonly number[];
}

/** Reads what `LOOK` printed. Pure. */
export function parseSeen(printed: string): Seen {
  const [containers = "", networks = "", listening = ""] = printed.split(/^@@\w+$/m);
  return {
    containers: readHolders(containers),
    networks: readHolders(networks),
    // Local address in hex, `ADDRESS:PORT`; state 0A is LISTEN.
    listening: [...listening.matchAll(/^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F:]+ 0A /gm)].map(([, port]) =>
      parseInt(port ?? "", 16),
    ),
  };
}

function readHolders(lines: string): Holder[] {
  return readListed(lines, ([deployment = "", owner = ""], line) => ({
    deployment,
    owner,
    ports: [...line.matchAll(/:(\d+)(?:-(\d+))?->/g)].flatMap(([, from, to]) =>
      Array.from({ length: Number(to ?? from) - Number(from) + 1 }, (_, i) => Number(from) + i),
    ),
  }));
}

/** Whether something is of this deployment. (A server's container of before there was an id has an owner only.) */
export function isOwn(room: RoomSpec, holder: Holder): boolean {
  if (holder.deployment !== "") return holder.deployment === room.id;
  return holder.owner === room.owner && holder.names.includes(room.container);
}

/** The names that a deployment is to have, and who has them. */
function claims(room: RoomSpec, { containers, networks }: Seen) {
  const { container, owner, rest, beside } = room;
  const claim = (kind: "container" | "network", name: string, among: readonly Holder[], attempt: string) =>
    ({ kind, name, holder: named(among, name), attempt }) as const;
  return [
    // A proxy before its server: in this order they are removed.
    ...(rest === "token" ? [claim("container", proxyContainer(container), containers, beside?.proxy ?? "")] : []),
    claim("container", container, containers, room.attempt),
    ...(beside === undefined ? [] : [claim("network", networkName(owner, container), networks, beside.network)]),
  ];
}

/** What keeps a deployment from its names or its ports; what is of the same deployment does not. Pure. */
export function occupied(room: RoomSpec, seen: Seen): Fault[] {
  const { target, container } = room;
  const host = target === null ? "this machine" : `host ${target.destination}`;
  const on = (command: string) => (target === null ? command : `${sshCommand(target)} ${command}`);
  const faults = claims(room, seen).flatMap(({ kind, name, holder }): Fault[] => {
    if (holder === undefined || isOwn(room, holder)) return [];
    const whose =
      holder.owner === "" ? "not Lathe's" : `of stack ${holder.owner}, of somebody else or of a state that was lost`;
    const remove = kind === "container" ? `docker rm -f ${name}` : `docker network rm ${name}`;
    return [
      {
        what: `${host}: there is a ${kind} ${name} already (${whose})`,
        expected: `a name that no other ${kind} has`,
        fix: `pulumi config set lathe:container NAME${name === container ? "" : ", which its name follows"}; or, if nobody needs it: ${on(remove)}`,
      },
    ];
  });
  for (const [key, port] of Object.entries(room.ports)) {
    if (key === "restPort" && room.rest === "off") continue;
    const by = seen.containers.find((p) => p.ports.includes(port));
    // Its own container goes before the next one comes, under whatever name it ran.
    if (by === undefined ? !seen.listening.includes(port) : isOwn(room, by)) continue;
    const whose = by === undefined ? `another program (which: ${on("sudo ss -ltnp")})` : `container ${by.names[0]}`;
    faults.push({
      what: `${host}: port ${port} is taken by ${whose}`,
      expected: `a free port for ${key === "grpcPort" ? "gRPC" : "REST"}`,
      fix: `end it there, or: pulumi config set lathe:${key} PORT`,
    });
  }
  return faults;
}

/** What must go before there is room: own attempts, and an own proxy that is no more wanted. Pure. */
export function leftovers(room: RoomSpec, seen: Seen): { containers: string[]; networks: string[] } {
  const all = claims(room, seen);
  const attempts = (of: string) =>
    all.flatMap(({ kind, holder, attempt }) =>
      kind === of && attempt !== "" && holder?.id.startsWith(attempt) === true && isOwn(room, holder)
        ? [holder.id]
        : [],
    );
  // It has the port that the server itself is about to take.
  const proxy = room.rest === "token" ? undefined : named(seen.containers, proxyContainer(room.container));
  const unwanted = proxy?.deployment === room.id ? [proxy.id] : [];
  return { containers: [...unwanted, ...attempts("container")], networks: attempts("network") };
}
