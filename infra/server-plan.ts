import * as pulumi from "@pulumi/pulumi";
import { resolveAllowed } from "./access/allow.ts";
import { resolveAddress } from "./access/bind.ts";
import { planAccess, type PlannedEndpoint, type ServerAccess } from "./access/plan.ts";
import type { ServerConfig, StackConfig } from "./config/types.ts";
import { switchOn, withoutController } from "./hosts/controllers.ts";
import type { HostFacts } from "./hosts/facts.ts";
import type { HostLogin } from "./hosts/login.ts";
import type { SshTarget } from "./hosts/target.ts";
import type { ModelArtifact } from "./models/spec.ts";
import type { Server } from "./outputs.ts";
import type { Leftovers } from "./ownership/leftovers.ts";
import { memoryShareMiB } from "./resources/container-args.ts";
import { plannedEndpoints } from "./servers/endpoints.ts";
import type { ContainerSpec, ServerKind, SettingsPlan } from "./servers/kind.ts";
import { serverKind } from "./servers/registry.ts";
import { sharedPlan } from "./servers/share.ts";
import { memoryFor } from "./threads.ts";
import { staleness, tunedReason } from "./tuning.ts";

/** A machine and everything that is known of it before any resource exists. */
export interface PreparedMachine {
  readonly config: Omit<StackConfig, "servers">;
  /** Null: this machine. */
  readonly target: SshTarget | null;
  readonly facts: HostFacts;
  /** The SSH user's home folder there. */
  readonly home: string;
  readonly login: HostLogin;
  /** What servers of other stacks take of its memory, MiB; absent: nothing. */
  readonly othersMiB?: number;
  /** Where other machines reach it. */
  readonly address: string;
}

/** One server of a machine, and its models, ready to be delivered. */
export interface PreparedServer {
  readonly config: ServerConfig;
  readonly models: readonly ModelArtifact[];
  /** What an interrupted `up` left of it; absent: nothing. */
  readonly leftovers?: Leftovers;
}

/** What is decided of a server before its resources. */
export interface ServerPlan extends PreparedServer {
  readonly kind: ServerKind;
  readonly settings: SettingsPlan<unknown> & Pick<Server, "tuned">;
  readonly access: ServerAccess;
  readonly spec: ContainerSpec;
}

/**
 * Decides what a server is to be on its machine. What a person must know of it is said as warnings.
 *
 * @param owner `PROJECT/STACK`
 * @throws UserError if the machine does not allow it
 */
export async function planServer(machine: PreparedMachine, server: PreparedServer, owner: string): Promise<ServerPlan> {
  const { target, facts, login, address } = machine;
  const { config, models } = server;
  const kind = serverKind(config.kind);
  const access = planAccess({
    ...{ config: config.access, endpoints: endpointsOf(config), address, login, container: config.container, owner },
    resolved: await resolveAddress(address),
    allowed: await resolveAllowed(config.access.allowFrom, target),
    engine: facts.docker.version,
  });
  const where = target === null ? "this machine" : `host ${target.destination}`;
  for (const warning of [...access.guard.warnings, ...lacking(facts, config.container)])
    void pulumi.log.warn(`${where}: ${warning}`);
  const settings = tunedPlan(sharedPlan(kind, config, config.replica ?? 1, facts), server, facts);
  if (config.replica === undefined) warnOfStale(config.container, settings.tuned?.stale ?? []);
  const deployed = models.map((m) => m.deployed);
  return { ...server, kind, settings, access, spec: kind.container(deployed, settings.settings, config.access) };
}

/** Says what has changed since a server was tuned. */
export function warnOfStale(container: string, changes: readonly string[]): void {
  if (changes.length === 0) return;
  void pulumi.log.warn(
    `container ${container} was tuned on other facts (${changes.join("; ")}). Its settings stay as they are. ` +
      "To find new ones: npx lathe tune. To take them back: npx lathe tune --undo",
  );
}

/** A plan whose reason says what `lathe tune` has found, and what has changed since. Pure. */
function tunedPlan(
  plan: SettingsPlan<unknown>,
  { config: { tuned, models, rawSettings = {} } }: PreparedServer,
  facts: HostFacts,
): ServerPlan["settings"] {
  if (tuned === undefined) return plan;
  const now = { facts, models: models.map(({ name }) => name), settings: rawSettings };
  const stale = staleness(tuned, now);
  const reason = `${plan.placement.reason} ${tunedReason(tuned, stale.length > 0)}`;
  return { ...plan, placement: { ...plan.placement, reason }, tuned: { found: tuned, stale } };
}

/** The open endpoints of a server as its config asks for them. Pure. */
export function endpointsOf({ kind, ports, access }: ServerConfig): PlannedEndpoint[] {
  return plannedEndpoints(serverKind(kind), ports, access);
}

/** What a server goes without because the machine's engine lacks a controller, and how that is switched on. */
function lacking({ docker: { lacks = [] } }: HostFacts, container: string): string[] {
  return lacks.map(
    (controller) =>
      `its engine cannot use the cgroup controller ${controller}, so container ${container} ${withoutController(controller)}. ` +
      `To switch it on: ${switchOn(controller)}; then npx lathe up`,
  );
}

/**
 * The memory limit of one of the servers of a machine, as its config gives it or as its share of the machine's; undefined where
 * the engine has no controller for it. Pure.
 */
export function memoryOf(plan: ServerPlan, all: readonly ServerPlan[], facts: HostFacts): number | undefined {
  if (facts.docker.lacks?.includes("memory") === true) return undefined;
  const given = all.flatMap(({ config }) => config.memoryMiB ?? []);
  const { memoryMiB } = plan.config;
  return memoryMiB ?? memoryShareMiB(memoryFor(facts, plan.settings.placement), given, all.length - given.length);
}
