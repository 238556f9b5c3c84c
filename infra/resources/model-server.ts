import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MachineConfig } from "../config/resolve.ts";
import { hasOwnNetwork, type ServerAccess } from "../access/plan.ts";
import type { Credentials } from "../access/certificates.ts";
import { networkName } from "../access/firewall-rules.ts";
import { firewallFor, networkFor } from "./network.ts";
import { restProxy } from "./rest-proxy.ts";
import { keepCredentials, type KeptCredentials } from "./credentials.ts";
import type { HostFacts } from "../hosts/facts.ts";
import type { Deployment, SshTarget, ThreadPlan } from "../outputs.ts";
import { hostCommand } from "./host-command.ts";
import { CONTAINER_TIMEOUT } from "../deadlines.ts";
import { REPLACE_ON_CHANGES, containerArgs, defaultMemoryMiB } from "./container.ts";
import { NO_ATTEMPTS, type Attempts } from "../ownership/leftovers.ts";
import type { ServerKind } from "../servers/registry.ts";
import { ATTEMPT_LABEL, ID_LABEL } from "../ownership/reservation.ts";
import { deliveries, deploymentOf, serverGate, serverSecrets } from "./model-server-parts.ts";
import type { ModelArtifact } from "../host-programs/specs.ts";
import { memoryFor } from "../threads.ts";

/** Everything about one server, decided before any resource exists: plain values, so that a plan shows them. */
export interface ModelServerArgs {
  /** The machine's Docker engine. */
  readonly provider: docker.Provider;
  /** The server's image on that engine, which other servers there may share. */
  readonly remoteImage: docker.RemoteImage;
  readonly config: MachineConfig;
  readonly target: SshTarget | null;
  readonly address: string;
  readonly access: ServerAccess;
  /** The image of REST's proxy on that engine; undefined where there is none. */
  readonly proxyImage: docker.RemoteImage | undefined;
  /** Taken where the state has none yet; undefined where the access needs none. */
  readonly freshCredentials: Credentials | undefined;
  readonly facts: HostFacts;
  readonly threads: ThreadPlan;
  readonly kind: ServerKind;
  /** The image's reference with digest. */
  readonly image: string;
  readonly models: readonly ModelArtifact[];
  /** Folder on the host, absolute. */
  readonly workspace: string;
  /** What an interrupted `up` left, see attempts.ts; absent: nothing. */
  readonly attempts?: Attempts;
  /** How many servers of the stack share the host's memory. */
  readonly serversOnHost: number;
  /** `PROJECT/STACK`: whose the container and the workspace are. */
  readonly owner: string;
}

/**
 * One model server on one machine: workspace, models, container and the gate that decides whether it is up. The name must
 * hold the host: Docker's provider keeps ids when its host changes and would orphan the container on the old one.
 */
export class ModelServer extends pulumi.ComponentResource {
  /** What the bench reads; known only when the gate has passed. */
  readonly deployment: pulumi.Output<Deployment>;
  readonly role: string;
  /** Undefined where the server has none. */
  readonly credentials: KeptCredentials | undefined;

  constructor(name: string, args: ModelServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lathe:serving:ModelServer", name, {}, opts);
    const { config, target, threads, kind, workspace, models, access, freshCredentials } = args;
    const plain = kind.spec(
      models.map((m) => m.deployed),
      threads,
    );
    const spec = kind.protect(plain, access.config);
    const user = access.user === null ? "" : `${access.user.uid}:${access.user.gid}`;
    this.role = config.role;
    const child = { parent: this };
    const { owner, attempts = NO_ATTEMPTS } = args;
    // No other stack has it, whatever it is called and whoever keeps its state; it stays as long as the stack does.
    const id = args.provider.id;

    const folder = hostCommand(
      `${name}-workspace`,
      {
        program: "workspace",
        spec: { target, workspace, owner, id, files: spec.files },
        triggers: [workspace],
        undo: true,
      },
      // The folder is Lathe's by its path: a new resource for the same path must not be removed by the old one's undo.
      { ...child, deleteBeforeReplace: true },
    );

    const delivered = deliveries({
      name,
      target,
      owner,
      id,
      workspace,
      container: config.container,
      models,
      folder,
      child,
    });

    const credentials = freshCredentials && keepCredentials(name, freshCredentials, [args.address], child);
    this.credentials = credentials;
    const secrets = serverSecrets({ name, args, credentials, user, folder, child });
    const hasSecrets = secrets.length > 0;

    const memoryMiB = config.memoryMiB ?? defaultMemoryMiB(memoryFor(args.facts, threads) / args.serversOnHost);
    const guarded = { name, access, owner, id, config, target, workspace, provider: args.provider, child, folder };
    // Before the containers, and gone after them.
    const rules = firewallFor(guarded);
    // The container's name and ports. On destroy the container goes by this, before everything that it uses: Docker's
    // provider has no words for a host that is gone, and no way to forget it.
    const room = hostCommand(
      `${name}-room`,
      {
        program: "room",
        spec: {
          target,
          owner,
          id,
          container: config.container,
          attempt: attempts.container,
          rest: access.config.rest,
          ports: { grpcPort: config.grpcPort, restPort: config.restPort },
          ...(hasOwnNetwork(access) ? { beside: { workspace, proxy: attempts.proxy, network: attempts.network } } : {}),
        },
        triggers: [],
        undo: true,
      },
      { ...child, dependsOn: [folder, ...delivered, ...secrets, ...rules, args.remoteImage] },
    );
    const networks = networkFor({ ...guarded, room, attempt: attempts.network });
    const container = new docker.Container(
      `${name}-container`,
      {
        image: args.remoteImage.imageId,
        ...containerArgs({
          container: config.container,
          spec,
          threads,
          modelsDir: `${workspace}/models`,
          grpcPort: config.grpcPort,
          restPort: config.restPort,
          memoryMiB,
          bind: access.bind,
          user: user || undefined,
          secretsDir: hasSecrets ? `${workspace}/secrets/${config.container}` : undefined,
          publishRest: access.config.rest === "open",
          network: networks.length === 0 ? undefined : networkName(owner, config.container),
          startAtBoot: access.guard.setting === null,
          labels: {
            "org.lathe.owner": owner,
            [ID_LABEL]: id,
            [ATTEMPT_LABEL]: attempts.container,
            "org.lathe.role": config.role,
            // A server reads its keys at its start: others mean another container.
            ...(credentials === undefined ? {} : { "org.lathe.keys": credentials.fingerprint }),
          },
        }),
      },
      {
        ...child,
        provider: args.provider,
        dependsOn: [room, ...networks],
        deletedWith: room,
        customTimeouts: { create: CONTAINER_TIMEOUT, update: CONTAINER_TIMEOUT, delete: CONTAINER_TIMEOUT },
        // Its name and its ports are taken until the old one is gone.
        deleteBeforeReplace: true,
        replaceOnChanges: REPLACE_ON_CHANGES,
      },
    );

    const proxies =
      credentials === undefined || args.proxyImage === undefined
        ? []
        : [
            restProxy({
              name,
              access,
              credentials,
              image: args.proxyImage,
              target,
              workspace,
              owner,
              id,
              attempt: attempts.proxy,
              room,
              network: networkName(owner, config.container),
              server: { container: config.container, port: spec.restPort },
              restPort: config.restPort,
              provider: args.provider,
              // Its port may still be the server's own until that is made anew.
              after: [room, ...networks, container],
              child,
            }),
          ];

    const made = { container, networks, proxies, delivered };
    const gate = serverGate({ name, args, spec, user, memoryMiB, credentials, ...made, child });

    this.deployment = deploymentOf(args, spec, gate, credentials);
    this.registerOutputs({ deployment: this.deployment });
  }
}
