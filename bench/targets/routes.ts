import type { Deployment } from "../../infra/outputs.ts";
import { LOOPBACK } from "../../infra/access/bind.ts";
import { openReverseTunnel, openTunnel, type Tunnel } from "../../infra/hosts/tunnel.ts";
import type { Cell } from "../matrix/cell.ts";
import type { Endpoint } from "../run/rounds.ts";

/** Where a cell's requests go, and what has to be opened before they can. */
export interface Ways {
  /** Opens the way of a cell where it is a tunnel, once for each pair of machines. Rejects with why it cannot be. */
  open(cell: Cell): Promise<void>;
  endpoint(cell: Cell): Endpoint;
  close(): Promise<void>;
}

/** A way between two machines that leads through this one: ports as the client machine sees them. */
interface Relay {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly tunnels: readonly Tunnel[];
}

/**
 * The ways of a run's cells. A machine that is its own client takes the shortest one; a server whose ports are on its own
 * loopback alone (`lathe:expose tunnel`) is reached from other machines through this one: a tunnel from here to the server,
 * and, where the client machine is another, one from there to here.
 */
export function waysOf(deployments: readonly Deployment[]): Ways {
  const byRole = new Map(deployments.map((d) => [d.role, d]));
  const relays = new Map<string, Promise<Relay>>();
  const opened = new Map<string, Relay>();
  const keyOf = (cell: Cell) => `${cell.clientRole}>${cell.serverRole}`;
  const serverOf = (cell: Cell) => {
    const server = byRole.get(cell.serverRole);
    if (server === undefined) throw new Error(`no deployment of role ${cell.serverRole}`);
    return server;
  };
  return {
    async open(cell) {
      const server = serverOf(cell);
      if (server.access?.expose !== "tunnel" || cell.clientRole === cell.serverRole) return;
      const key = keyOf(cell);
      let opening = relays.get(key);
      if (opening === undefined) relays.set(key, (opening = openRelay(byRole.get(cell.clientRole), server)));
      opened.set(key, await opening);
    },
    endpoint(cell) {
      const server = serverOf(cell);
      const relay = opened.get(keyOf(cell));
      const { grpcPort, restPort } = relay ?? server;
      const near = relay !== undefined || cell.clientRole === cell.serverRole;
      // They are told at the REST port: where that is closed, nowhere.
      const path = server.access?.rest === "off" ? undefined : server.server.metricsPath;
      return {
        address: near ? LOOPBACK : server.address,
        port: cell.protocol === "grpc" ? grpcPort : restPort,
        ...(path === undefined ? {} : { metrics: { port: restPort, path } }),
      };
    },
    async close() {
      await Promise.all([...opened.values()].flatMap((relay) => relay.tunnels.map((tunnel) => tunnel.close())));
    },
  };
}

async function openRelay(client: Deployment | undefined, server: Deployment): Promise<Relay> {
  const far = [server.grpcPort, server.restPort];
  if (server.ssh === null) return { grpcPort: server.grpcPort, restPort: server.restPort, tunnels: [] };
  const here = await openTunnel(server.ssh, far);
  const tunnels = [here];
  if (client?.ssh) {
    try {
      tunnels.push(await openReverseTunnel(client.ssh, here.ports));
    } catch (error) {
      await here.close();
      throw error;
    }
  }
  const [grpcPort = 0, restPort = 0] = (tunnels.at(-1) as Tunnel).ports;
  return { grpcPort, restPort, tunnels };
}
