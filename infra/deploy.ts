import * as pulumi from "@pulumi/pulumi";
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, posix } from "node:path";
import { UserError } from "../lib/errors.ts";
import { makeCredentials } from "./access/certificates.ts";
import { asksForGuard, guardPlace } from "./access/guard.ts";
import { needsCredentials, proxied } from "./access/plan.ts";
import { replicasOf } from "./config/replicas.ts";
import type { ServerConfig, StackConfig } from "./config/types.ts";
import { defaultAddress, readFacts } from "./hosts/facts/read-facts.ts";
import { withAbsoluteConfig, type SshTarget } from "./hosts/target.ts";
import type { ImageKey } from "./images/advice.ts";
import { resolveImage } from "./images/resolve.ts";
import { checkMemory, memoryNeed, type MemoryNeed } from "./memory-need.ts";
import { artifactsFor } from "./models/artifacts.ts";
import { Machine, StackOutputs } from "./outputs.ts";
import { NO_LEFTOVERS, readLeftovers } from "./ownership/leftovers.ts";
import { othersMemoryMiB } from "./ownership/others-memory.ts";
import { secretsOutput } from "./resources/credentials.ts";
import { usableMiB } from "./resources/container-args.ts";
import { dockerProvider, imagesOn } from "./resources/docker-engine.ts";
import { hostCommand } from "./resources/host-command.ts";
import { ModelServer } from "./resources/model-server.ts";
import { joined } from "./resources/replicas.ts";
import { workspaceFolder } from "./resources/server-files.ts";
import { modelFormOf, type ServerKind } from "./servers/kind.ts";
import { serverKind } from "./servers/registry.ts";
import {
  endpointsOf,
  memoryOf,
  planServer,
  warnOfStale,
  type PreparedMachine,
  type PreparedServer,
  type ServerPlan,
} from "./server-plan.ts";
import { staleImage } from "./tuning.ts";

/**
 * Reads a machine's facts and makes the models of its servers ready: all that a stack's program waits for, so that the
 * plan is plain values.
 *
 * @throws UserError if the machine or a model's source does not allow it: before any resource exists
 */
export async function prepare(config: StackConfig): Promise<{ machine: PreparedMachine; servers: PreparedServer[] }> {
  const { servers: wanted, ...rest } = config;
  const servers = wanted.flatMap(replicasOf);
  const target = config.ssh === null ? null : withAbsoluteConfig(config.ssh, projectFolder());
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
  const forms = servers.map(({ models, kind }) => ({ models, form: modelFormOf(serverKind(kind)) }));
  const [artifacts, othersMiB] = await Promise.all([
    artifactsFor(forms),
    facts.docker.version === "none" ? 0 : othersMemoryMiB(target, owner),
  ]);
  const thawed = (container: string) =>
    void pulumi.log.warn(`container ${container} was left frozen by a bench that was killed: it is thawed`);
  const onThawed = preparation.preview ? undefined : thawed;
  const prepared = servers.map(async (server, i) => {
    const { container, access } = server;
    const proxy = proxied(endpointsOf(server)) !== undefined;
    const asked = { container, owner, workspace: absolute(server.workspace, home), access, proxy };
    return { config: server, models: artifacts[i] ?? [], leftovers: await readLeftovers(target, asked, onThawed) };
  });
  const address = config.address ?? byDefault;
  const machine = { config: rest, target, facts, home, login, address, othersMiB };
  return { machine, servers: await Promise.all(prepared) };
}

/** Declares one machine and the servers on it; gives the stack's outputs, `latheSecrets` undefined if nothing is secret. */
export async function declare(machine: PreparedMachine, servers: readonly PreparedServer[]) {
  const { config, target, facts, home, address } = machine;
  const owner = ownerOf();
  const plans: ServerPlan[] = [];
  for (const server of servers) plans.push(await planServer(machine, server, owner));
  // Before there is any resource: nothing is pulled for servers that cannot stand beside each other.
  checkMemory(plans.flatMap(needOf), usableMiB(facts.memoryBytes), machine.othersMiB);
  const host = hostSlug(target);
  const provider = dockerProvider(`docker.${host}`, target);
  const whose = { target, owner, id: provider.id };
  const bySudo = config.bootstrap === "sudo" ? [dockerBySudo(host, whose)] : [];
  const workspace = absolute(config.workspace, home);
  const firsts = plans.filter(({ config: { replica } }) => replica === undefined);
  const [only] = firsts.length === 1 ? firsts : [];
  const shared = { ...whose, workspace, files: only?.spec.files ?? [] };
  // Called by the machine alone: a stack that gets a second server keeps it.
  const folder = workspaceFolder(`machine.${host}-workspace`, shared, {});
  const wanting = {
    ...{ target, projectDir: projectFolder(), preview: pulumi.runtime.isDryRun() },
    hasEngine: facts.docker.version !== "none",
  };
  const resolve = (wanted: string, key: ImageKey) => resolveImage(wanting, wanted, key);
  const images = imagesOn({ host, target, provider, owner, dependsOn: bySudo, resolve });
  const made = new Map<string, ModelServer>();
  const all: ModelServer[] = [];
  for (const plan of plans) {
    const first = made.get(plan.config.id);
    const name = `${resourceName(plan.config, only !== undefined)}.${host}`;
    const own = { ...whose, workspace: absolute(plan.config.workspace, home), files: plan.spec.files };
    const ownFolder = () => workspaceFolder(`${name}-workspace`, own, { dependsOn: [first?.folder ?? folder] });
    const isMachines = only !== undefined && first === undefined;
    const one = await declareServer(name, plan, isMachines ? () => folder : ownFolder, first);
    if (first === undefined) made.set(plan.config.id, one);
    all.push(one);
  }
  const described = Machine.parse({ id: config.role, ssh: target, address, facts, workspace } satisfies Machine);
  return {
    lathe: pulumi
      .all(all.map(({ server }) => server))
      .apply((told) => StackOutputs.parse({ schema: "lathe.outputs/2", machine: described, servers: joined(told) })),
    latheSecrets: secretsOutput([...made.values()]),
  };

  /** A server's image, or why it is not to be had; of one that no registry has, with how to make it. */
  async function imageOf(named: string | undefined, { name, defaultImage, imageToBuild: fix }: ServerKind) {
    try {
      return await images("image", named ?? defaultImage, "image");
    } catch (error) {
      if (named !== undefined || fix === undefined || !(error instanceof UserError)) throw error;
      const what = `no registry has an image of the server kind ${name}: it is to be built`;
      throw new UserError([...error.faults, { what, fix }], { cause: error });
    }
  }

  async function declareServer(
    name: string,
    plan: ServerPlan,
    folderOf: () => pulumi.Resource,
    first: ModelServer | undefined,
  ): Promise<ModelServer> {
    const { config: server, kind, access, spec, models, leftovers = NO_LEFTOVERS } = plan;
    const { proxyImage } = server.access;
    const own = folderOf();
    const { reference, image } = await imageOf(server.image, kind);
    const { tuned } = plan.settings;
    const otherImage = tuned === undefined ? [] : staleImage(tuned.found, reference);
    if (first === undefined) warnOfStale(server.container, otherImage);
    const hasProxy = proxied(access.endpoints) !== undefined;
    return new ModelServer(name, {
      ...{ config: server, kind, access, spec, models, leftovers, owner, provider, target, facts, address },
      ...{ remoteImage: image, image: reference, machineId: config.role, workspace: absolute(server.workspace, home) },
      placement: plan.settings.placement,
      tuned: tuned && { ...tuned, stale: [...tuned.stale, ...otherImage] },
      memoryMiB: memoryOf(plan, plans, facts),
      proxyImage: hasProxy ? (await images("proxy-image", proxyImage, "proxyImage")).image : undefined,
      freshCredentials: needsCredentials(access.endpoints) ? await makeCredentials(owner, [address]) : undefined,
      ...{ folder: own, first },
    });
  }
}

/**
 * What a server is called among resources, before the host. A stack's only server is called as the stack is: another `lathe:role` must not
 * mean other resources, of which the old ones would be undone over the new. Several are told apart by their names, replicas by their numbers.
 */
function resourceName({ name, replica }: ServerConfig, isOnly: boolean): string {
  return `${isOnly ? pulumi.getStack() : name}${replica === undefined ? "" : `@${replica}`}`;
}

/** What a planned server needs of the machine's memory, where it is known. */
function needOf({ config, kind, models, settings }: ServerPlan): MemoryNeed[] {
  const mib = memoryNeed(kind, models, settings.settings, config.memoryMiB);
  const name = config.replica === undefined ? config.name : `${config.name}'s replica ${config.replica}`;
  return mib === undefined ? [] : [{ name, mib }];
}

/**
 * The folder with Pulumi.yaml. Older language hosts do not tell it (what there is then is no path): there the program runs in the
 * folder of its `main`, below.
 */
function projectFolder(): string {
  const told = pulumi.runtime.getRootDirectory();
  if (isAbsolute(told)) return told;
  const here = process.cwd();
  return existsSync(join(here, "Pulumi.yaml")) ? here : dirname(here);
}

/** Whose things are: `PROJECT/STACK`. */
function ownerOf(): string {
  return `${pulumi.getProject()}/${pulumi.getStack()}`;
}

/** Lets `docker` go through sudo: before the images and all that depends on them, and until all of it is gone. */
function dockerBySudo(host: string, spec: object): pulumi.Resource {
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
