import { readDeployments } from "../bench/targets/deployments.ts";
import { readFacts } from "../infra/hosts/facts/read-facts.ts";
import type { ServerConfig } from "../infra/config/types.ts";
import type { HostFacts } from "../infra/hosts/facts.ts";
import type { Machine, Server } from "../infra/outputs.ts";
import { configIn } from "../stacks/config-file.ts";
import { must } from "../infra/pulumi/cli.ts";
import { withKept } from "../infra/pulumi/kept.ts";
import { serverKind } from "../infra/servers/registry.ts";
import type { ServerKind } from "../infra/servers/kind.ts";
import { configOf } from "../stacks/config.ts";
import { stackCommand } from "../stacks/project.ts";
import { UserError } from "../lib/errors.ts";
import type { SettingsMap } from "./space.ts";

/** The server that is tuned: as it is deployed, and its config. */
export interface Subject {
  readonly projectDir: string;
  readonly stack: string;
  readonly machine: Machine;
  readonly server: Server;
  /** All servers that the stack has on that machine, the tuned one among them. They are frozen while the tuning lasts. */
  readonly servers: readonly Server[];
  readonly config: ServerConfig;
  readonly kind: ServerKind;
  /** Read from the machine now. */
  readonly facts: HostFacts;
  /** `lathe:settings` as if the server had never been tuned. */
  readonly base: SettingsMap;
}

/** Which server of which stack, in which project. */
export interface Where {
  readonly projectDir: string;
  /** The project's folder as it was named; absent: it was not. */
  readonly project?: string | undefined;
  readonly stack: string;
  /** The server's name or id; absent: the stack's only one. */
  readonly server?: string | undefined;
}

/**
 * Reads the server that is to be tuned.
 *
 * @throws UserError if the stack is not up, has several servers and none is named, or its kind has no knobs
 */
export async function readSubject(where: Where): Promise<Subject> {
  const { projectDir, stack } = where;
  const pulumi = async (args: readonly string[]) => (await must({ projectDir }, args)).stdout;
  const set = await configIn(projectDir, stack);
  const [{ machines, servers }, { servers: configs }] = await Promise.all([
    readDeployments(pulumi, [stack]).catch(async (error: unknown) => {
      throw await withKept(error);
    }),
    configOf("lathe", stack, ...set),
  ]);
  const server = chosen(servers, where);
  const machine = machines.find((m) => m.id === server.machineId);
  const config = configs.find(({ id, container }) => id === server.id || container === server.container);
  if (machine === undefined || config?.kind !== server.kind)
    throw new UserError({
      what: `stack ${stack}: the deployed server is not the one in its config`,
      fix: typed(where, "up"),
    });
  const kind = serverKind(server.kind);
  if (kind.knobs === undefined)
    throw new UserError({
      what: `stack ${stack}: servers of the kind ${kind.name} have no knobs`,
      expected: "a server kind that has knobs",
    });
  const { facts } = await readFacts(machine.ssh, { bootstrap: "false", preview: true, say: () => {} });
  return { projectDir, stack, machine, server, servers, config, kind, facts, base: untuned(config) };
}

function chosen(servers: readonly Server[], { stack, project, server: name }: Where): Server {
  const found = name === undefined ? servers : servers.filter(({ id }) => id === name || id.endsWith(`/${name}`));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const ids = servers.map(({ id }) => id);
  throw new UserError(
    name === undefined
      ? {
          what: `--which: stack ${stack} has ${servers.length} servers`,
          expected: `one of ${ids.join(", ")}`,
          fix: typed({ stack, project, server: ids[0]?.split("/").at(-1) ?? "NAME" }, "tune"),
        }
      : { what: `--which: stack ${stack} has no server "${name}"`, expected: ids.join(", ") },
  );
}

/** The settings of a config without what a tuning has set. Pure. */
export function untuned({ tuned, rawSettings = {} }: Pick<ServerConfig, "tuned" | "rawSettings">): SettingsMap {
  if (tuned === undefined) return rawSettings;
  const { settings, before = {} } = tuned;
  // A value that the user has changed since is the user's own.
  const own = Object.entries(rawSettings).filter(([key, value]) => settings[key] !== value);
  const back = Object.entries(before).filter(([key]) => settings[key] === rawSettings[key]);
  return { ...Object.fromEntries(back), ...Object.fromEntries(own) };
}

/** What a person types for that stack, and for that server if the command is about one. Pure. */
export function typed(
  { stack, project, server }: Omit<Where, "projectDir">,
  command: "up" | "tune",
  ...more: string[]
) {
  const which = command === "tune" && server !== undefined ? ["--which", server] : [];
  return [stackCommand(command, stack, project), ...which, ...more].join(" ");
}
