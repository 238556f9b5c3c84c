import type { Client, ClientKind } from "../../../clients/client.ts";
import type { Security } from "../../../clients/security.ts";
import { messageOf } from "../../../lib/errors.ts";
import { OPEN_MS } from "../../deadlines.ts";
import { allPorts, type VisitMessage } from "./protocol.ts";
import { VisitFault } from "./outcomes.ts";

/** A worker's connections to servers, kept from visit to visit, and what protected ports ask of clients. */
export class Connections {
  readonly #securities = new Map<string, Security>();
  readonly #open = new Map<string, Client[]>();

  /** Remembers what a protected port asks of its clients, by the name that visits have for it. */
  protect(name: string, security: Security): void {
    this.#securities.set(name, security);
  }

  /** What was remembered under a name (throws VisitFault where nothing was); undefined without a name: in the clear. */
  security(name: string | undefined): Security | undefined {
    const security = name === undefined ? undefined : this.#securities.get(name);
    if (security !== undefined || name === undefined) return security;
    throw new VisitFault("INTERNAL", `this worker was not told how to reach ${name}`, true);
  }

  /**
   * So many connections to a visit's server, to its containers in turn; those that are missing are opened. Throws VisitFault where one
   * cannot be.
   */
  async to(visit: VisitMessage, kind: ClientKind, count: number): Promise<readonly Client[]> {
    const open = this.#open.get(keyOf(visit)) ?? [];
    this.#open.set(keyOf(visit), open);
    while (open.length < count) {
      const ports = allPorts(visit);
      const port = ports[open.length % ports.length] ?? visit.port;
      const client = kind.create(visit.address, port, this.security(visit.security));
      await client.open(Math.min(visit.timeoutMs, OPEN_MS)).catch((error: unknown) => {
        throw new VisitFault("UNAVAILABLE", messageOf(error), true);
      });
      open.push(client);
    }
    return open.slice(0, count);
  }

  /** Closes the connections to a visit's server: the next visit opens new ones. */
  async drop(visit: VisitMessage): Promise<void> {
    const open = this.#open.get(keyOf(visit)) ?? [];
    this.#open.delete(keyOf(visit));
    await closeAll(open);
  }

  async close(): Promise<void> {
    await closeAll([...this.#open.values()].flat());
    this.#open.clear();
  }
}

const keyOf = (visit: VisitMessage) => `${visit.client} ${visit.address}:${allPorts(visit).join(",")}`;

async function closeAll(clients: readonly Client[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close().catch(() => {})));
}
