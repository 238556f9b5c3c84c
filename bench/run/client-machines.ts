import type { Machine, Server } from "../../infra/outputs.ts";
import { UserError } from "../../lib/errors.ts";
import { securityName } from "../targets/routes.ts";
import { type SecretsByServer, securityOf } from "../targets/secrets.ts";
import type { AgentBundle } from "./agent/bundle.ts";
import { type WorkerLink, localLink } from "./agent/link.ts";
import type { ImageMessage, SecurityMessage } from "./agent/protocol.ts";
import { remoteLink } from "./agent/remote.ts";

/** The workers on client machines. */
export interface ClientMachines {
  /**
   * The worker on a machine, with every image sent; a new one where the last is gone. Rejects with why there is none, and then tries
   * no more.
   */
  link(id: string): Promise<WorkerLink>;
  close(): Promise<void>;
}

/**
 * The workers on client machines, each started when it is first asked for.
 *
 * @param securities what protected ports ask of every client machine
 * @param start starts a worker; replaced in tests
 */
export function clientMachines(
  machines: readonly Machine[],
  bundle: AgentBundle,
  images: readonly ImageMessage[],
  securities: readonly SecurityMessage[],
  start: (machine: Machine) => Promise<WorkerLink> = (machine) =>
    machine.ssh === null ? Promise.resolve(localLink()) : remoteLink(machine, machine.ssh, bundle),
): ClientMachines {
  const links = new Map<string, Promise<WorkerLink>>();
  const open = async (id: string): Promise<WorkerLink> => {
    const machine = machines.find((m) => m.id === id);
    if (machine === undefined) throw new UserError({ what: `no stack has put servers on a machine "${id}"` });
    const link = await start(machine);
    for (const image of images) await link.sendImage(image);
    for (const security of securities) await link.sendSecurity(security);
    return link;
  };
  /** A link whose worker is gone is opened anew; one that could not be opened stays so. */
  const renewed = async (id: string, before: Promise<WorkerLink> | undefined): Promise<WorkerLink> => {
    const link = await before;
    return link === undefined || link.gone() ? open(id) : link;
  };
  return {
    link(id) {
      const opening = renewed(id, links.get(id));
      links.set(id, opening);
      opening.catch(() => {}); // whoever awaits it gets the reason
      return opening;
    },
    async close() {
      await Promise.all([...links.values()].map((link) => link.then((l) => l.close()).catch(() => {})));
    },
  };
}

/** What protected ports ask of every client machine. Pure. */
export function securityMessages(servers: readonly Server[], secrets: SecretsByServer): SecurityMessage[] {
  return servers.flatMap((server) =>
    server.endpoints.flatMap((endpoint) => {
      const security = securityOf(server, endpoint, secrets);
      return security === undefined ? [] : [{ type: "security", name: securityName(server, endpoint), security }];
    }),
  );
}
