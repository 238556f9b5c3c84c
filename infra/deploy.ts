import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { homedir } from "node:os";
import { isAbsolute, posix, resolve } from "node:path";
import { makeCredentials } from "./access/certificates.ts";
import { asksForGuard, guardPlace } from "./access/guard.ts";
import { needsCredentials, proxied } from "./access/plan.ts";
import type { StackConfig } from "./config/types.ts";
import { defaultAddress, readFacts } from "./hosts/facts/read-facts.ts";
import type { SshTarget } from "./hosts/target.ts";
import { artifactsFor } from "./models/artifacts.ts";
import { Machine, StackOutputs } from "./outputs.ts";
import { NO_LEFTOVERS, readLeftovers } from "./ownership/leftovers.ts";
import { secretsOutput } from "./resources/credentials.ts";
import { dockerProvider, imagesOn, type ImagesOn } from "./resources/docker-engine.ts";
import { hostCommand } from "./resources/host-command.ts";
import { ModelServer } from "./resources/model-server.ts";
import { workspaceFolder } from "./resources/server-files.ts";
import { endpointsOf, memoryOf, planServer } from "./server-plan.ts";
import type { PreparedMachine, PreparedServer, ServerPlan } from "./server-plan.ts";

/**
 * Reads a machine's facts and makes the models of its servers ready: all that a stack's program waits for, so that the
 * plan is plain values.
 *
 * @throws UserError where the machine or a model's source does not allow it: before any resource exists
 */
export async function prepare(config: StackConfig): Promise<{ machine: PreparedMachine; servers: PreparedServer[] }> {
  const { servers, ...rest } = config;
  const target = config.ssh === null ? null : withAbsoluteConfig(config.ssh);
  const owner = ownerOf();
  const preparation = {
    bootstrap: config.bootstrap,
    preview: pulumi.runtime.isDryRun(),
    say: (text: string) => void pulumi.log.info(text),
    guards: servers
      .filter(({ access }) => asksForGuard(access))
      .map(({ container, workspace }) => guardPlace(owner, container, workspace)),
  };
  const [{ facts, home, login }, byDefault] = await Promise.all([
    readFacts(target, preparation),
    defaultAddress(target),
  ]);
  const artifacts = await artifactsFor(servers.map((server) => server.models));
  const prepared = servers.map(async (server, i) => {
    const { container, access } = server;
    const proxy = proxied(endpointsOf(server)) !== undefined;
    const asked = { container, owner, workspace: absolute(server.workspace, home), access, proxy };
    return { config: server, models: artifacts[i] ?? [], leftovers: await readLeftovers(target, asked) };
  });
  const address = config.address ?? byDefault;
  return { machine: { config: rest, target, facts, home, login, address }, servers: await Promise.all(prepared) };
}

/** Declares one machine and the servers on it; gives the stack's outputs, `latheSecrets` undefined where nothing is secret. */
export async function declare(machine: PreparedMachine, servers: readonly PreparedServer[]) {
  const { config, target, facts, home, address } = machine;
  const host = hostSlug(target);
  const provider = dockerProvider(`docker.${host}`, target);
  const bySudo = config.bootstrap === "sudo" ? [dockerBySudo(host, target, provider.id)] : [];
  const plans: ServerPlan[] = [];
  for (const server of servers) plans.push(await planServer(machine, server, ownerOf()));
  const workspace = absolute(config.workspace, home);
  const whose = { target, owner: ownerOf(), id: provider.id };
  const [only] = plans.length === 1 ? plans : [];
  // Called by the machine alone: a stack that gets a second server keeps it.
  const folder = workspaceFolder(
    `machine.${host}-workspace`,
    { ...whose, workspace, files: only?.spec.files ?? [] },
    {},
  );
  const stage = { machine, provider, host, folder, images: imagesOn(host, target, provider, ownerOf(), bySudo) };
  const made: ModelServer[] = [];
  for (const plan of plans) made.push(await declareServer(plan, plans, stage));
  const described = Machine.parse({ id: config.role, ssh: target, address, facts, workspace } satisfies Machine);
  return {
    lathe: pulumi
      .all(made.map(({ server }) => server))
      .apply((all) => StackOutputs.parse({ schema: "lathe.outputs/2", machine: described, servers: all })),
    latheSecrets: secretsOutput(made),
  };
}

/** What the servers of a machine share. */
interface Stage {
  readonly machine: PreparedMachine;
  readonly provider: docker.Provider;
  readonly host: string;
  /** The machine's folder. */
  readonly folder: pulumi.Resource;
  readonly images: ImagesOn;
}

async function declareServer(plan: ServerPlan, all: readonly ServerPlan[], stage: Stage): Promise<ModelServer> {
  const { provider, host, images } = stage;
  const { config: machine, target, facts, home, address } = stage.machine;
  const { config, kind, access, spec, models, leftovers = NO_LEFTOVERS } = plan;
  const owner = ownerOf();
  // A stack's only server is called as the stack is: another `lathe:role` must not mean other resources, of which the old
  // ones would be undone over the new. Several are told apart by their names.
  const name = `${all.length === 1 ? pulumi.getStack() : config.name}.${host}`;
  const workspace = absolute(config.workspace, home);
  const ownFolder = () =>
    workspaceFolder(
      `${name}-workspace`,
      { target, owner, id: provider.id, workspace, files: spec.files },
      { dependsOn: [stage.folder] },
    );
  const { reference, image } = await images("image", config.image ?? kind.defaultImage, "image");
  const hasProxy = proxied(access.endpoints) !== undefined;
  return new ModelServer(name, {
    ...{ config, kind, access, spec, models, leftovers, owner, provider, target, facts, address, workspace },
    ...{ remoteImage: image, image: reference, machineId: machine.role },
    placement: plan.settings.placement,
    memoryMiB: memoryOf(plan, all, facts),
    proxyImage: hasProxy ? (await images("proxy-image", config.access.proxyImage, "proxyImage")).image : undefined,
    freshCredentials: needsCredentials(access.endpoints) ? await makeCredentials(owner, [address]) : undefined,
    folder: all.length === 1 ? stage.folder : ownFolder(),
  });
}

/** Whose things are: `PROJECT/STACK`. */
function ownerOf(): string {
  return `${pulumi.getProject()}/${pulumi.getStack()}`;
}

/** The way to Docker through sudo: before the images and all that depends on them, and gone after all of it. */
function dockerBySudo(host: string, target: SshTarget | null, id: pulumi.Output<string>): pulumi.Resource {
  const spec = { target, owner: ownerOf(), id };
  return hostCommand(`sudo.${host}`, { program: "sudo", spec }, { deleteBeforeReplace: true });
}

/** A folder on the machine, absolute. */
function absolute(folder: string, home: string): string {
  return isAbsolute(folder) ? folder : posix.join(home, folder);
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
