import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { SERVER_NAME } from "../access/certificates.ts";
import { allowedCpus, onlineCpus } from "../gate/inside.ts";
import { GateReport, type GateEndpoint } from "../gate/spec.ts";
import { formatCpuList } from "../../lib/cpulist.ts";
import { Server } from "../outputs.ts";
import { clientSecurity } from "./credentials.ts";
import { hostCommand } from "./host-command.ts";
import { userOf, type Part } from "./server-args.ts";

/* What must hold once a server's container runs, and what is said of the server then. */

/** What decides whether the server is up, once all these are there. */
export function serverGate(
  part: Part,
  container: docker.Container,
  networks: readonly docker.Network[],
  proxies: readonly docker.Container[],
  delivered: readonly pulumi.CustomResource[],
) {
  const { name, child, args } = part;
  const { config, placement, facts, models, access, spec } = args;
  return hostCommand(
    `${name}-gate`,
    {
      program: "gate",
      spec: {
        ...{ target: args.target, workspace: args.workspace, kind: args.kind.name, address: args.address },
        endpoints: gateEndpoints(part),
        tunnel: access.config.expose === "tunnel" || access.allow.length > 0,
        ...{ container: config.container, containerId: container.id, imageId: args.remoteImage.imageId },
        ...(networks.length === 0
          ? {}
          : { beside: { proxyId: proxies[0]?.id ?? "", networkId: networks[0]?.id ?? "" } }),
        ...{ user: userOf(args), env: spec.env },
        ...{ cpuSet: placement.cpuSet ?? "", memorySet: placement.memorySet ?? "" },
        cpus: placement.cpuSet ?? allowedCpus(facts),
        onlineCpus: formatCpuList(onlineCpus(facts)),
        memoryMiB: args.memoryMiB ?? null,
        pidsLimit: facts.docker.lacks?.includes("pids") === true ? null : config.pidsLimit,
        models: models.flatMap((m) => m.gate),
        serving: spec.serving,
        timeoutSeconds: config.gateTimeoutSeconds,
      },
      // Deliveries that ran again (a model's files were lost) are seen here through their own ids.
      triggers: [
        container.id,
        ...proxies.map((p) => p.id),
        ...models.flatMap((m) => m.versions.map((v) => v.sha256)),
        JSON.stringify(spec.serving ?? null),
        ...delivered.map((d) => d.id),
      ],
      undo: false,
    },
    { ...child, dependsOn: [container, ...proxies, ...delivered], deleteBeforeReplace: true },
  );
}

/** The endpoints with what clients need there: secret where that is. */
function gateEndpoints({ args: { access }, credentials }: Part): pulumi.Input<GateEndpoint[]> {
  if (credentials === undefined) return [...access.endpoints];
  return credentials.all.apply((made) =>
    access.endpoints.map((endpoint) => {
      const client = clientSecurity(endpoint.security, made);
      return { ...endpoint, ...(client === undefined ? {} : { client }) };
    }),
  );
}

/** What the bench reads of the server: known only when its gate has passed. */
export function serverOutput({ args, credentials }: Part, gateStdout: pulumi.Output<string>): pulumi.Output<Server> {
  const { config, access, kind, spec } = args;
  // The gate's spec may be secret; its report is not.
  const known = pulumi.all([pulumi.unsecret(gateStdout), credentials?.ca ?? ""]);
  return known.apply(([stdout, ca]) => {
    const { env, command, ...image } = GateReport.parse(JSON.parse(stdout));
    return Server.parse({
      ...{ id: config.id, machineId: args.machineId, kind: kind.name },
      ...{ container: config.container, image: args.image, ...image, build: kind.build(args.image, image.standIn) },
      placement: args.placement,
      ...(args.tuned === undefined ? {} : { tuned: args.tuned }),
      settings: kind.settingsShown({ env, command }),
      endpoints: [...access.endpoints],
      models: args.models.map((m) => m.deployed),
      ...(spec.metrics === undefined ? {} : { metrics: spec.metrics }),
      workspace: args.workspace,
      access: {
        stack: pulumi.getStack(),
        expose: access.config.expose,
        allowFrom: [...access.allow],
        ...(ca === "" ? {} : { ca, serverName: SERVER_NAME }),
      },
    } satisfies Server);
  });
}
