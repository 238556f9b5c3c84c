import * as pulumi from "@pulumi/pulumi";
import { homedir } from "node:os";
import { isAbsolute, posix, resolve } from "node:path";
import { artifactsFor } from "./artifacts.ts";
import type { MachineConfig } from "./config/resolve.ts";
import type { HostFacts } from "./hosts/facts.ts";
import { defaultAddress, readFacts } from "./hosts/read-facts.ts";
import { StackOutputs, type Deployment, type SshTarget } from "./outputs.ts";
import { dockerProvider, remoteImage, withDigest } from "./serving/engine.ts";
import { serverKind } from "./serving/kinds.ts";
import { ModelServer } from "./serving/server.ts";
import type { ModelArtifact } from "./serving/specs.ts";
import { threadPlan } from "./serving/threads.ts";

/** A machine and everything that is known of it before any resource exists. */
export interface Machine {
  /** Null: this machine. */
  readonly target: SshTarget | null;
  readonly facts: HostFacts;
  /** The SSH user's home folder there. */
  readonly home: string;
  /** Where other machines reach it, if the config does not say. */
  readonly address: string;
}

/** One server of a machine, and its models, ready to be delivered. */
export interface Server {
  readonly config: MachineConfig;
  readonly models: readonly ModelArtifact[];
}

/**
 * Reads a machine's facts and makes the models of its servers ready: all that a stack's program waits for, so that the
 * plan is plain values.
 *
 * @throws UserError where the machine or a model's source does not allow it: before any resource exists
 */
export async function prepare(
  ssh: MachineConfig["ssh"],
  configs: readonly MachineConfig[],
): Promise<{ machine: Machine; servers: Server[] }> {
  const target = ssh === null ? null : withAbsoluteConfig(ssh);
  const [{ facts, home }, address] = await Promise.all([readFacts(target), defaultAddress(target)]);
  const artifacts = await artifactsFor(configs.map((config) => config.models));
  return {
    machine: { target, facts, home, address },
    servers: configs.map((config, i) => ({ config, models: artifacts[i] ?? [] })),
  };
}

/** Declares the servers of one machine; gives the stack's output. */
export async function declare(machine: Machine, servers: readonly Server[]): Promise<pulumi.Output<StackOutputs>> {
  const { target, facts, home } = machine;
  const host = hostSlug(target);
  const provider = dockerProvider(`docker.${host}`, target);
  const images = new Map<string, ReturnType<typeof remoteImage>>();
  const deployments: pulumi.Output<Deployment>[] = [];
  for (const { config, models } of servers) {
    const kind = serverKind(config.server);
    const reference = await withDigest(config.image ?? kind.defaultImage, provider);
    // Servers of one engine share an image: it can be removed once only.
    const image =
      images.get(reference) ?? remoteImage(`image${images.size || ""}.${host}`, reference, target, provider);
    images.set(reference, image);
    const server = new ModelServer(`${config.role}.${host}`, {
      provider,
      remoteImage: image,
      config,
      target,
      address: config.address ?? machine.address,
      facts,
      threads: threadPlan(facts, config.threads),
      kind,
      image: reference,
      models,
      workspace: isAbsolute(config.workspace) ? config.workspace : posix.join(home, config.workspace),
      serversOnHost: servers.length,
      owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
    });
    deployments.push(server.deployment);
  }
  return pulumi.all(deployments).apply((all) => StackOutputs.parse({ schema: "lathe.outputs/1", deployments: all }));
}

/** A host as part of a resource name: `ubuntu@edge.example` becomes `ubuntu-edge.example`. */
export function hostSlug(target: SshTarget | null): string {
  return target === null ? "local" : target.destination.replace(/^ssh:\/\//, "").replaceAll(/[^a-zA-Z0-9.-]+/g, "-");
}

/** The engine, the provider and the bench each run in a folder of their own: only an absolute path means one file to all. */
function withAbsoluteConfig({ destination, configFile }: SshTarget): SshTarget {
  if (configFile === undefined) return { destination };
  const expanded = configFile.replace(/^~(?=\/)/, homedir());
  return { destination, configFile: resolve(pulumi.runtime.getRootDirectory(), expanded) };
}
