import * as pulumi from "@pulumi/pulumi";
import { homedir } from "node:os";
import { isAbsolute, posix, resolve } from "node:path";
import { artifactsFor } from "./models/artifacts.ts";
import type { MachineConfig } from "./config/resolve.ts";
import type { HostFacts } from "./hosts/facts.ts";
import { defaultAddress, readFacts } from "./hosts/read-facts.ts";
import { needsCredentials, planAccess } from "./access/plan.ts";
import { resolveAllowed } from "./access/allow.ts";
import { resolveAddress } from "./access/bind.ts";
import { asksForGuard, guardPlace } from "./access/guard.ts";
import { makeCredentials } from "./access/certificates.ts";
import { secretsOutput } from "./resources/credentials.ts";
import type { StackSecrets } from "./outputs-access.ts";
import type { HostLogin } from "./hosts/login.ts";
import { StackOutputs, type SshTarget } from "./outputs.ts";
import { dockerProvider, remoteImage, withDigest } from "./resources/docker-engine.ts";
import { hostCommand } from "./resources/host-command.ts";
import { NO_ATTEMPTS, readAttempts, type Attempts } from "./ownership/leftovers.ts";
import { serverKind } from "./servers/registry.ts";
import { ModelServer } from "./resources/model-server.ts";
import type { ImageKey, ModelArtifact } from "./host-programs/specs.ts";
import { threadPlan } from "./threads.ts";

/** A machine and everything that is known of it before any resource exists. */
export interface Machine {
  /** Null: this machine. */
  readonly target: SshTarget | null;
  readonly facts: HostFacts;
  /** The SSH user's home folder there. */
  readonly home: string;
  readonly login: HostLogin;
  /** Where other machines reach it, if the config does not say. */
  readonly address: string;
}

/** One server of a machine, and its models, ready to be delivered. */
export interface Server {
  readonly config: MachineConfig;
  readonly models: readonly ModelArtifact[];
  /** What an interrupted `up` left of it, see ownership/leftovers.ts; absent: nothing. */
  readonly attempts?: Attempts;
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
  const preparation = {
    bootstrap: configs[0]?.bootstrap ?? "false",
    preview: pulumi.runtime.isDryRun(),
    say: (text: string) => void pulumi.log.info(text),
    guards: configs
      .filter(({ access }) => asksForGuard(access))
      .map(({ container, workspace }) => guardPlace(ownerOf(), container, workspace)),
  };
  const [{ facts, home, login }, address] = await Promise.all([readFacts(target, preparation), defaultAddress(target)]);
  const artifacts = await artifactsFor(configs.map((config) => config.models));
  const servers = configs.map(async (config, i) => {
    const { container, access } = config;
    const asked = { container, owner: ownerOf(), workspace: workspaceOf(config, home), access };
    return { config, models: artifacts[i] ?? [], attempts: await readAttempts(target, asked) };
  });
  return { machine: { target, facts, home, login, address }, servers: await Promise.all(servers) };
}

/** A stack's outputs: what it promises, and what is secret of it; undefined where nothing is. */
export interface Declared {
  readonly lathe: pulumi.Output<StackOutputs>;
  readonly latheSecrets: pulumi.Output<StackSecrets> | undefined;
}

/** Declares the servers of one machine; gives the stack's outputs. */
export async function declare(machine: Machine, servers: readonly Server[]): Promise<Declared> {
  const { target, facts, home } = machine;
  const host = hostSlug(target);
  const provider = dockerProvider(`docker.${host}`, target);
  const bySudo = servers.some(({ config }) => config.bootstrap === "sudo")
    ? [dockerBySudo(host, target, provider.id)]
    : [];
  const images = new Map<string, ReturnType<typeof remoteImage>>();
  const serverImages = new Set<string>();
  const made: ModelServer[] = [];
  const imageOf = async (kind: string, wanted: string, key: ImageKey) => {
    const reference = await withDigest(wanted, provider, key);
    // Servers of one engine share an image: it can be removed once only.
    const image =
      images.get(reference) ?? remoteImage(`${kind}.${host}`, reference, target, provider, ownerOf(), bySudo, key);
    images.set(reference, image);
    return { reference, image };
  };
  for (const { config, models, attempts = NO_ATTEMPTS } of servers) {
    const kind = serverKind(config.server);
    const { reference, image } = await imageOf(
      `image${serverImages.size || ""}`,
      config.image ?? kind.defaultImage,
      "image",
    );
    serverImages.add(reference);
    const address = config.address ?? machine.address;
    const resolved = await resolveAddress(address);
    const access = planAccess({
      config: config.access,
      address,
      resolved,
      login: machine.login,
      container: config.container,
      allowed: await resolveAllowed(config.access.allowFrom, target),
      owner: ownerOf(),
      engine: facts.docker.version,
    });
    const where = target === null ? "this machine" : `host ${target.destination}`;
    for (const warning of access.guard.warnings) void pulumi.log.warn(`${where}: ${warning}`);
    const args = {
      provider,
      remoteImage: image,
      config,
      target,
      address,
      access,
      proxyImage:
        config.access.rest === "token"
          ? (await imageOf(`proxy-image-${config.role}`, config.access.proxyImage, "proxyImage")).image
          : undefined,
      freshCredentials: needsCredentials(config.access)
        ? await makeCredentials(`${pulumi.getProject()}/${pulumi.getStack()}`, [address])
        : undefined,
      facts,
      threads: threadPlan(facts, config.threads),
      kind,
      image: reference,
      models,
      workspace: workspaceOf(config, home),
      attempts,
      serversOnHost: servers.length,
      owner: ownerOf(),
    };
    const { name, aliases } = serverName(config.role, host, servers.length);
    const server = new ModelServer(name, args, { aliases });
    made.push(server);
  }
  return {
    lathe: pulumi
      .all(made.map((server) => server.deployment))
      .apply((all) => StackOutputs.parse({ schema: "lathe.outputs/1", deployments: all })),
    latheSecrets: secretsOutput(made),
  };
}

/**
 * A stack's only server is called as the stack is: another `lathe:role` must not mean other resources, of which the old ones
 * would be undone over the new. (Before, it was called by its role: its children's names follow its own, and so do their
 * aliases.) Several are told apart by their roles, which the program fixes.
 */
function serverName(role: string, host: string, servers: number): { name: string; aliases: pulumi.Alias[] } {
  const byRole = `${role}.${host}`;
  const name = servers === 1 ? `${pulumi.getStack()}.${host}` : byRole;
  return { name, aliases: name === byRole ? [] : [{ name: byRole }] };
}

/** Whose things are: `PROJECT/STACK`. */
function ownerOf(): string {
  return `${pulumi.getProject()}/${pulumi.getStack()}`;
}

/** The way to Docker through sudo: before the images and all that depends on them, and gone after all of it. */
function dockerBySudo(host: string, target: SshTarget | null, id: pulumi.Output<string>): pulumi.Resource {
  const spec = { target, owner: ownerOf(), id };
  return hostCommand(
    `sudo.${host}`,
    { program: "sudo", spec, triggers: [], undo: true },
    { deleteBeforeReplace: true },
  );
}

/** The folder on the machine that is Lathe's, absolute. */
function workspaceOf({ workspace }: MachineConfig, home: string): string {
  return isAbsolute(workspace) ? workspace : posix.join(home, workspace);
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
