import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { formatCpuList } from "../hosts/cpulist.ts";
import { Deployment, type SshTarget } from "../outputs.ts";
import { SERVER_NAME } from "../access/certificates.ts";
import { portSecurity, type KeptCredentials } from "./credentials.ts";
import { hostCommand } from "./host-command.ts";
import { allowedCpus, onlineCpus } from "../gate/inside.ts";
import type { ServerSpec } from "../servers/registry.ts";
import type { ModelServerArgs } from "./model-server.ts";
import { GateReport, type ModelArtifact } from "../host-programs/specs.ts";

/*
 * The parts of a model server around its container: what must lie on the host before it starts, what must hold after, and
 * what is said of it then.
 */

/** What every part is told: the server's name, and whose children its resources are. */
interface Part {
  readonly name: string;
  readonly child: pulumi.CustomResourceOptions;
}

/**
 * One resource a model's version: a new one comes before the gate, an old one goes after it has passed, and not where it
 * failed.
 */
export function deliveries({
  name,
  child,
  target,
  owner,
  id,
  workspace,
  container,
  models,
  folder,
}: Part & {
  readonly target: SshTarget | null;
  readonly owner: string;
  readonly id: pulumi.Input<string>;
  readonly workspace: string;
  readonly container: string;
  readonly models: readonly ModelArtifact[];
  readonly folder: pulumi.Resource;
}): pulumi.CustomResource[] {
  return models.flatMap(({ deployed, versions }) =>
    versions.map(({ version, sha256, source }) =>
      hostCommand(
        `${name}-model-${deployed.name}-${version}`,
        {
          program: "deliver",
          spec: { target, owner, id, workspace, model: deployed.name, version, sha256, source, container },
          // Never replaced: the undo of a replaced resource comes late, and would take away what lies there by then.
          triggers: [],
          undo: true,
        },
        { ...child, dependsOn: [folder] },
      ),
    ),
  );
}

/** Files that the server alone may read; none where it has no secrets. */
export function serverSecrets({
  name,
  child,
  args,
  credentials,
  user,
  folder,
}: Part & {
  readonly args: ModelServerArgs;
  readonly credentials: KeptCredentials | undefined;
  readonly user: string;
  readonly folder: pulumi.Resource;
}): pulumi.CustomResource[] {
  const { target, workspace, owner, config, kind, access, freshCredentials } = args;
  if (credentials === undefined || freshCredentials === undefined) return [];
  if (kind.secretFiles(access.config, freshCredentials).length === 0) return [];
  const spec = pulumi.all([credentials.all, args.provider.id]).apply(([made, id]) => ({
    ...{ target, workspace, owner, id, container: config.container, user },
    files: kind.secretFiles(access.config, made),
  }));
  const triggers = [workspace, config.container];
  const options = { ...child, dependsOn: [folder], deleteBeforeReplace: true };
  return [hostCommand(`${name}-secrets`, { program: "secrets", spec, triggers, undo: true }, options)];
}

/** What decides whether the server is up. */
export function serverGate({
  name,
  child,
  args,
  spec,
  user,
  memoryMiB,
  credentials,
  container,
  networks,
  proxies,
  delivered,
}: Part & {
  readonly args: ModelServerArgs;
  readonly spec: ServerSpec;
  readonly user: string;
  readonly memoryMiB: number;
  readonly credentials: KeptCredentials | undefined;
  readonly container: docker.Container;
  readonly networks: readonly docker.Network[];
  readonly proxies: readonly docker.Container[];
  readonly delivered: readonly pulumi.CustomResource[];
}) {
  const { target, workspace, config, threads, facts, models, access } = args;
  return hostCommand(
    `${name}-gate`,
    {
      program: "gate",
      spec: {
        target,
        workspace,
        address: args.address,
        grpcPort: config.grpcPort,
        restPort: config.restPort,
        container: config.container,
        containerId: container.id,
        imageId: args.remoteImage.imageId,
        ...(networks.length === 0
          ? {}
          : { beside: { proxyId: proxies[0]?.id ?? "", networkId: networks[0]?.id ?? "" } }),
        env: spec.env,
        cpuSet: threads.cpuSet ?? "",
        memorySet: threads.memorySet ?? "",
        cpus: threads.cpuSet ?? allowedCpus(facts),
        onlineCpus: formatCpuList(onlineCpus(facts)),
        memoryMiB,
        pidsLimit: config.pidsLimit,
        models: models.flatMap((m) => m.gate),
        serving: spec.serving,
        timeoutSeconds: config.gateTimeoutSeconds,
        access: {
          tls: access.config.tls,
          rest: access.config.rest,
          security: credentials?.all.apply((made) => portSecurity(access.config, made)) ?? {},
          tunnel: access.config.expose === "tunnel" || access.allow.length > 0,
          user,
        },
      },
      // Deliveries that ran again (a model's files were lost) are seen here through their own ids.
      triggers: [
        container.id,
        ...proxies.map((p) => p.id),
        ...models.flatMap((m) => m.versions.map((v) => v.sha256)),
        JSON.stringify(spec.serving?.models ?? null),
        ...delivered.map((d) => d.id),
      ],
      undo: false,
    },
    { ...child, dependsOn: [container, ...proxies, ...delivered], deleteBeforeReplace: true },
  );
}

/** What the bench reads of the server: known only when its gate has passed. */
export function deploymentOf(
  args: ModelServerArgs,
  spec: ServerSpec,
  gate: { readonly stdout: pulumi.Output<string> },
  credentials: KeptCredentials | undefined,
): pulumi.Output<Deployment> {
  const { config, target, access, kind } = args;
  // What the gate is told may be secret; what it reports is not.
  const known = pulumi.all([pulumi.unsecret(gate.stdout), credentials?.ca ?? ""]);
  return known.apply(([stdout, ca]) => {
    const report = GateReport.parse(JSON.parse(stdout));
    return Deployment.parse({
      role: config.role,
      ssh: target,
      address: args.address,
      grpcPort: config.grpcPort,
      restPort: config.restPort,
      facts: args.facts,
      threads: args.threads,
      server: {
        kind: kind.name,
        container: config.container,
        image: args.image,
        standIn: report.standIn,
        // The stand-in runs the OpenMP build and obeys the same variables.
        intelBuild: report.standIn || kind.isIntelBuild(args.image),
        env: report.env,
        ...(spec.metricsPath === undefined ? {} : { metricsPath: spec.metricsPath }),
      },
      models: args.models.map((m) => m.deployed),
      workspace: args.workspace,
      access: {
        stack: pulumi.getStack(),
        expose: access.config.expose,
        tls: access.config.tls,
        rest: access.config.rest,
        allowFrom: [...access.allow],
        ...(ca === "" ? {} : { ca, serverName: SERVER_NAME }),
      },
    } satisfies Deployment);
  });
}
