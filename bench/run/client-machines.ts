import type { z } from "zod";
import type { Machine, Server } from "../../infra/outputs.ts";
import { UserError } from "../../lib/errors.ts";
import type { LoadedImage } from "../plan/photographs.ts";
import { securityName } from "../targets/routes.ts";
import { type SecretsByServer, securityOf } from "../targets/secrets.ts";
import type { AgentBundle } from "./agent/bundle.ts";
import { type WorkerLink, localLink } from "./agent/link.ts";
import type { SecurityMessage } from "./agent/protocol.ts";
import { remoteLink } from "./agent/remote.ts";

type SecurityOfPort = z.infer<typeof SecurityMessage>;

/** The workers on client machines, each started when it is first asked for. */
export class ClientMachines {
  readonly #machines: readonly Machine[];
  readonly #bundle: AgentBundle;
  readonly #images: readonly LoadedImage[];
  readonly #securities: readonly SecurityOfPort[];
  readonly #links = new Map<string, Promise<WorkerLink>>();

  /** @param securities what every client machine is told of protected ports */
  constructor(
    machines: readonly Machine[],
    bundle: AgentBundle,
    images: readonly LoadedImage[],
    securities: readonly SecurityOfPort[],
  ) {
    this.#machines = machines;
    this.#bundle = bundle;
    this.#images = images;
    this.#securities = securities;
  }

  /** The worker on a machine, with every image sent. Rejects with why there is none; a machine is tried once. */
  link(id: string): Promise<WorkerLink> {
    let opening = this.#links.get(id);
    if (opening === undefined) {
      opening = this.#open(id);
      this.#links.set(id, opening);
      opening.catch(() => {}); // whoever awaits it gets the reason
    }
    return opening;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((l) => l.then((open) => open.close()).catch(() => {})));
  }

  async #open(id: string): Promise<WorkerLink> {
    const machine = this.#machines.find((m) => m.id === id);
    if (machine === undefined) throw new UserError({ what: `no stack has put servers on a machine "${id}"` });
    const link =
      machine.ssh === null ? localLink(machine.facts.hostname) : await remoteLink(machine, machine.ssh, this.#bundle);
    for (const image of this.#images) await link.sendImage(image);
    for (const security of this.#securities) await link.sendSecurity(security);
    return link;
  }
}

/** What every client machine is told of the protected ports. Pure. */
export function securityMessages(servers: readonly Server[], secrets: SecretsByServer): SecurityOfPort[] {
  return servers.flatMap((server) =>
    server.endpoints.flatMap((endpoint) => {
      const security = securityOf(server, endpoint, secrets);
      return security === undefined
        ? []
        : [{ type: "security" as const, name: securityName(server, endpoint), security }];
    }),
  );
}
