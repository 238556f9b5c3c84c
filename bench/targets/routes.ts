import { apisOf, type Endpoint, type Machine, portsOf, type Server } from "../../infra/outputs.ts";
import { openReverseTunnel, openTunnel, type Tunnel } from "../../infra/hosts/connection/tunnel.ts";
import type { Cell } from "../matrix/cell.ts";
import type { VisitMessage } from "../run/agent/protocol.ts";
import type { Deployed } from "./deployments.ts";

/** Where a cell's requests go, as its client machine sees it. */
export type Route = Pick<VisitMessage, "address" | "port" | "otherPorts" | "security" | "version" | "metrics">;

/** A connection between two machines through this one. */
interface Relay {
  /** Ports as the client machine sees them, by the server's own. */
  readonly ports: ReadonlyMap<number, number>;
  readonly tunnels: readonly Tunnel[];
}

/** Where servers of the client's own machine are reached, and those behind a tunnel. */
export const LOOPBACK = "127.0.0.1";

/** The name under which client machines keep what an endpoint's protection asks of them. */
export function securityName({ id }: Server, { api, protocol }: Endpoint): string {
  return `${api} over ${protocol} of ${id}`;
}

/**
 * The routes of a run's cells. A machine that is its own client takes the shortest one; a server whose ports are on its own
 * loopback alone (`lathe:expose tunnel`) is reached from other machines through this one: a tunnel from here to the server,
 * and, where the client machine is another, one from there to here.
 */
export function routesOf({ machines, servers }: Deployed) {
  const machineOf = (id: string) => found(machines, id, "machine");
  const serverOf = (cell: Cell) => found(servers, cell.server, "server");
  const relays = new Map<string, Promise<Relay>>();
  const opened = new Map<string, Relay>();
  const keyOf = (cell: Cell) => `${cell.clientMachine}>${cell.server}`;
  return {
    /** Opens the tunnel that a cell needs, if it needs one, once for each pair of client machine and server. */
    async open(cell: Cell): Promise<void> {
      const server = serverOf(cell);
      if (server.access.expose !== "tunnel" || cell.local) return;
      const key = keyOf(cell);
      let opening = relays.get(key);
      if (opening === undefined) {
        opening = openRelay(machineOf(cell.clientMachine), machineOf(server.machineId), server);
        relays.set(key, opening);
      }
      opened.set(key, await opening);
    },
    /** Where a cell's requests go. Of a tunnel, once it is open. */
    of(cell: Cell): Route {
      const server = serverOf(cell);
      const relay = opened.get(keyOf(cell));
      const near = relay !== undefined || cell.local;
      const address = near ? LOOPBACK : machineOf(server.machineId).address;
      return routeOf(cell, server, address, (port) => relay?.ports.get(port) ?? port);
    },
    async close() {
      await Promise.all([...opened.values()].flatMap((relay) => relay.tunnels.map((tunnel) => tunnel.close())));
    },
  };
}

function found<T extends { readonly id: string }>(all: readonly T[], id: string, what: string): T {
  const one = all.find((o) => o.id === id);
  if (one === undefined) throw new Error(`no ${what} ${id} is deployed`);
  return one;
}

/** @param portOf a port of the server as the client machine sees it */
function routeOf(cell: Cell, server: Server, address: string, portOf: (port: number) => number): Route {
  const endpoint = server.endpoints.find((e) => apisOf(e).includes(cell.api) && e.protocol === cell.protocol);
  if (endpoint === undefined) throw new Error(`${server.id} has no endpoint of ${cell.api} over ${cell.protocol}`);
  const security = (of: Endpoint) => (of.security === "none" ? {} : { security: securityName(server, of) });
  const { metrics } = server;
  // They are on one of its ports: where that is closed, nowhere.
  const page = metrics && server.endpoints.find((e) => e.protocol === metrics.protocol);
  const model = server.models.find((m) => m.name === cell.model);
  const portsAt = (of: Endpoint) => {
    const [port = 0, ...otherPorts] = portsOf(server, of).map(portOf);
    return { port, ...(otherPorts.length === 0 ? {} : { otherPorts }) };
  };
  return {
    address,
    ...portsAt(endpoint),
    ...security(endpoint),
    // A model with a canary is asked for by its live version: the latest may be the canary.
    ...(model?.canary === undefined ? {} : { version: model.version }),
    ...(metrics &&
      page && {
        metrics: {
          ...{ api: metrics.api, protocol: cell.protocol, ...portsAt(page), path: metrics.path },
          ...security(page),
        },
      }),
  };
}

async function openRelay(client: Machine, machine: Machine, server: Server): Promise<Relay> {
  const far = server.endpoints.flatMap((e) => portsOf(server, e));
  const tunnels = machine.ssh === null ? [] : [await openTunnel(machine.ssh, far)];
  if (client.ssh !== null) {
    try {
      tunnels.push(await openReverseTunnel(client.ssh, tunnels[0]?.ports ?? far));
    } catch (error) {
      await tunnels[0]?.close();
      throw error;
    }
  }
  const near = tunnels.at(-1)?.ports ?? far;
  return { ports: new Map(far.map((port, i) => [port, near[i] ?? port])), tunnels };
}
