import * as pulumi from "@pulumi/pulumi";
import type { Server } from "../outputs.ts";
import { keepCredentials, type KeptCredentials } from "./credentials.ts";
import { firewallFor, networkFor, reservationFor } from "./network.ts";
import { restProxy } from "./rest-proxy.ts";
import type { ModelServerArgs } from "./server-args.ts";
import { serverContainer } from "./container.ts";
import { deliveries, serverSecrets } from "./server-files.ts";
import { serverGate, serverOutput } from "./server-gate.ts";

/** One model server. Its name must hold the host: if that changes, Docker's provider keeps the ids of the old one. */
export class ModelServer extends pulumi.ComponentResource {
  /** What the bench reads; known only when the gate has passed. */
  readonly server: pulumi.Output<Server>;
  /** The server's id. */
  readonly serverId: string;
  /** Undefined if the server has none. */
  readonly credentials: KeptCredentials | undefined;
  /** Its folder on the machine, and what makes that. */
  readonly workspace: string;
  readonly folder: pulumi.Resource;
  /** The deliveries of its models. */
  readonly delivered: readonly pulumi.Resource[];

  constructor(name: string, args: ModelServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lathe:serving:ModelServer", name, {}, opts);
    const child = { parent: this };
    const { first, freshCredentials, provider } = args;
    this.serverId = args.config.id;
    this.workspace = args.workspace;
    this.folder = args.folder;
    const keep = () => freshCredentials && keepCredentials(name, freshCredentials, [args.address], child);
    this.credentials = first === undefined ? keep() : first.credentials;
    const part = { name, args, id: provider.id, credentials: this.credentials, child };

    const delivered = deliveries(part);
    this.delivered = delivered;
    const secrets = serverSecrets(part);
    // Before the containers, and gone after them.
    const rules = firewallFor(part);
    const reservation = reservationFor(part, [...delivered, ...secrets, ...rules]);
    const networks = networkFor(part, reservation);
    const container = serverContainer(part, reservation, networks, secrets.length > 0);
    // Its port may still be the server's own until that is made anew.
    const proxies = restProxy(part, reservation, [reservation, ...networks, container]);
    const gate = serverGate(part, container, networks, proxies, delivered);

    this.server = serverOutput(part, gate.stdout);
    this.registerOutputs({ server: this.server });
  }
}
