import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MachineConfig } from "../config/resolve.ts";
import type { HostFacts } from "../hosts/facts.ts";
import { Deployment, type SshTarget, type ThreadPlan } from "../outputs.ts";
import { hostCommand } from "./host-command.ts";
import { REPLACE_ON_CHANGES, containerArgs, defaultMemoryMiB } from "./container.ts";
import type { ServerKind } from "./kinds.ts";
import { GateReport, type ModelArtifact } from "./specs.ts";

/** Everything about one server, decided before any resource exists: plain values, so that a plan shows them. */
export interface ModelServerArgs {
  /** The machine's Docker engine. */
  readonly provider: docker.Provider;
  /** The server's image on that engine, which other servers there may share. */
  readonly remoteImage: docker.RemoteImage;
  readonly config: MachineConfig;
  readonly target: SshTarget | null;
  readonly address: string;
  readonly facts: HostFacts;
  readonly threads: ThreadPlan;
  readonly kind: ServerKind;
  /** The image's reference with digest. */
  readonly image: string;
  readonly models: readonly ModelArtifact[];
  /** Folder on the host, absolute. */
  readonly workspace: string;
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

  constructor(name: string, args: ModelServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lathe:serving:ModelServer", name, {}, opts);
    const { config, target, threads, kind, workspace, models } = args;
    const spec = kind.spec(
      models.map((m) => m.deployed),
      threads,
    );
    const child = { parent: this };

    const folder = hostCommand(
      `${name}-workspace`,
      {
        program: "workspace",
        spec: { target, workspace, owner: args.owner, files: spec.files },
        triggers: [workspace],
        undo: true,
      },
      // The folder is Lathe's by its path: a new resource for the same path must not be removed by the old one's undo.
      { ...child, deleteBeforeReplace: true },
    );

    const delivered = models.map(({ deployed, catalogueName }) =>
      hostCommand(
        `${name}-model-${deployed.name}`,
        {
          program: "deliver",
          spec: {
            target,
            workspace,
            model: deployed.name,
            version: deployed.version,
            sha256: deployed.sha256,
            catalogueName,
            container: config.container,
          },
          // New before old: the server always has a version to serve. The undo of an old one leaves a newer one alone.
          triggers: [deployed.version, deployed.sha256],
          undo: true,
        },
        { ...child, dependsOn: [folder] },
      ),
    );

    const imageId = args.remoteImage.imageId;
    const container = new docker.Container(
      `${name}-container`,
      {
        image: imageId,
        ...containerArgs({
          container: config.container,
          spec,
          threads,
          modelsDir: `${workspace}/models`,
          grpcPort: config.grpcPort,
          restPort: config.restPort,
          memoryMiB: config.memoryMiB ?? defaultMemoryMiB(args.facts.memoryBytes / args.serversOnHost),
          labels: {
            "org.lathe.owner": args.owner,
            "org.lathe.role": config.role,
            // A changed list of models is read at the server's start; a new version of one is not in it.
            "org.lathe.models": models.map((m) => m.deployed.name).join(","),
          },
        }),
      },
      {
        ...child,
        provider: args.provider,
        dependsOn: [folder, ...delivered],
        // Its name and its ports are taken until the old one is gone.
        deleteBeforeReplace: true,
        replaceOnChanges: REPLACE_ON_CHANGES,
      },
    );

    const gate = hostCommand(
      `${name}-gate`,
      {
        program: "gate",
        spec: {
          target,
          address: args.address,
          grpcPort: config.grpcPort,
          restPort: config.restPort,
          container: config.container,
          containerId: container.id,
          imageId,
          env: spec.env,
          cpuSet: threads.cpuSet ?? "",
          memorySet: threads.memorySet ?? "",
          pidsLimit: config.pidsLimit,
          models: models.map((m) => m.gate),
          timeoutSeconds: config.gateTimeoutSeconds,
        },
        // Deliveries that ran again (a model's files were lost) are seen here through their own ids.
        triggers: [container.id, ...models.map((m) => m.deployed.sha256), ...delivered.map((d) => d.id)],
        undo: false,
      },
      { ...child, dependsOn: [container, ...delivered], deleteBeforeReplace: true },
    );

    this.deployment = gate.stdout.apply((stdout) => {
      const report = GateReport.parse(JSON.parse(stdout));
      return Deployment.parse({
        role: config.role,
        ssh: target,
        address: args.address,
        grpcPort: config.grpcPort,
        restPort: config.restPort,
        facts: args.facts,
        threads,
        server: {
          kind: kind.name,
          container: config.container,
          image: args.image,
          standIn: report.standIn,
          // The stand-in runs the OpenMP build and obeys the same variables.
          intelBuild: report.standIn || kind.isIntelBuild(args.image),
          env: report.env,
        },
        models: models.map((m) => m.deployed),
        workspace,
      } satisfies Deployment);
    });
    this.registerOutputs({ deployment: this.deployment });
  }
}
