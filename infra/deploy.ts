import * as pulumi from "@pulumi/pulumi";
import { isAbsolute, posix } from "node:path";
import { artifactsFor } from "./artifacts.ts";
import type { MachineConfig } from "./config/resolve.ts";
import { defaultAddress, readFacts } from "./hosts/read-facts.ts";
import { StackOutputs, type Deployment, type SshTarget } from "./outputs.ts";
import { dockerProvider, remoteImage, withDigest } from "./serving/engine.ts";
import { serverKind } from "./serving/kinds.ts";
import { ModelServer } from "./serving/server.ts";
import { threadPlan } from "./serving/threads.ts";

/**
 * Deploys servers to one machine: reads its facts first, so that the plan is plain values, then makes the resources.
 *
 * @param target  the machine; null: this one
 * @param configs one for each server on it
 * @throws UserError where config, catalogue or host do not allow it: before any resource exists
 */
export async function deploy(
  target: SshTarget | null,
  configs: readonly MachineConfig[],
): Promise<pulumi.Output<StackOutputs>> {
  const owner = `${pulumi.getProject()}/${pulumi.getStack()}`;
  const host = hostSlug(target);
  const kinds = configs.map((config) => serverKind(config.server));
  const artifacts = await artifactsFor(configs.map((config) => config.models));
  const [{ facts, home }, reachable] = await Promise.all([readFacts(target), defaultAddress(target)]);

  const provider = dockerProvider(`docker.${host}`, target);
  const images = new Map<string, ReturnType<typeof remoteImage>>();
  const deployments: pulumi.Output<Deployment>[] = [];
  for (const [i, config] of configs.entries()) {
    const kind = kinds[i] ?? serverKind(config.server);
    const reference = await withDigest(config.image ?? kind.defaultImage, provider);
    const image = images.get(reference) ?? remoteImage(`image${images.size || ""}.${host}`, reference, provider);
    images.set(reference, image);
    const server = new ModelServer(`${config.role}.${host}`, {
      provider,
      remoteImage: image,
      config,
      target,
      address: config.address ?? reachable,
      facts,
      threads: threadPlan(facts, config.threads),
      kind,
      image: reference,
      models: artifacts[i] ?? [],
      workspace: isAbsolute(config.workspace) ? config.workspace : posix.join(home, config.workspace),
      serversOnHost: configs.length,
      owner,
    });
    deployments.push(server.deployment);
  }
  return pulumi.all(deployments).apply((all) => StackOutputs.parse({ schema: "lathe.outputs/1", deployments: all }));
}

/** A host as part of a resource name: `ubuntu@edge.example` becomes `ubuntu-edge.example`. */
export function hostSlug(target: SshTarget | null): string {
  return target === null ? "local" : target.destination.replace(/^ssh:\/\//, "").replaceAll(/[^a-zA-Z0-9.-]+/g, "-");
}
