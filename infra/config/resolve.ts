import { UserError, type Fault } from "../../lib/errors.ts";
import { MACHINE_KEYS, type ConfigValues } from "./keys.ts";
import { STACK } from "./places.ts";
import type { ReadConfig } from "./read.ts";
import { lastName } from "./stack-name.ts";
import { resolveServers, type ServerSources, type WantedServer } from "./servers.ts";
import type { StackConfig } from "./types.ts";

/** Where a stack's config comes from. */
export interface ConfigSources extends Pick<ServerSources, "catalogue" | "kinds"> {
  readonly project: string;
  /** With its organisation, where it has one. */
  readonly stack: string;
  /** What the user set. */
  readonly config: ReadConfig;
  /** What the role's YAML says; null if the role has none. */
  readonly roleDefaults: ReadConfig | null;
  /** What holds for servers of these names where nobody says else. They are the stack's servers where `lathe:servers` is not set. */
  readonly serverDefaults?: Readonly<Record<string, ReadConfig | null>>;
  /** This machine's own Docker engine is used, and no host is needed. */
  readonly local: boolean;
}

/** The role that a stack's machine has, before its defaults are read. */
export function roleOf(stack: string, values: ConfigValues): string {
  return values.role ?? lastName(stack);
}

/** The user's config, else the role's, else Lathe's default. Pure. @throws UserError with all faults at once */
export function resolveConfig(sources: ConfigSources): StackConfig {
  const { project, stack, config, roleDefaults, serverDefaults = {}, local } = sources;
  const read = [config, roleDefaults, ...Object.values(serverDefaults)].filter((one) => one !== null);
  const faults: Fault[] = read.flatMap((one) => one.faults);
  // A value that was set and could not be read is a fault already: it is not reported as missing.
  const refused = (key: RegExp) =>
    read.some((one) => one !== config && one.faults.length > 0) || config.faults.some(({ what }) => key.test(what));
  const values: ConfigValues = { ...roleDefaults?.values, ...config.values };
  const role = roleOf(stack, values);
  if (values.abandon === "true") {
    faults.push({
      what: "lathe:abandon: this stack is to be forgotten",
      expected: "no abandon in a stack that is to come up",
      fix: `npx lathe down --stack ${stack}, or npx lathe pulumi config rm lathe:abandon --stack ${stack}`,
    });
  }
  if (!local && values.host === undefined && !refused(/^lathe:host:/)) {
    faults.push({
      what: "lathe:host: not set",
      expected: "the machine to deploy to, as ssh takes it",
      fix: STACK.set(...MACHINE_KEYS.host.example),
    });
  }
  const workspace = values.workspace ?? `.lathe/${project}-${lastName(stack)}`;
  const modelsRefused = refused(/^lathe:(servers(\[\d+\]\.models.*)?|models.*):/);
  const servers = resolveServers(wantedServers(sources, role), { ...sources, role, workspace }, faults, modelsRefused);
  // What holds for several servers is wrong in each of them.
  if (faults.length > 0) throw new UserError([...new Map(faults.map((fault) => [fault.what, fault])).values()]);
  const { host = "", sshConfig } = values;
  return {
    role,
    ssh: local ? null : { destination: host, ...(sshConfig === undefined ? {} : { configFile: sshConfig }) },
    address: values.address,
    bootstrap: values.bootstrap ?? "false",
    workspace,
    servers,
  };
}

function wantedServers({ config, roleDefaults, serverDefaults = {} }: ConfigSources, role: string): WantedServer[] {
  const maps = config.servers ?? roleDefaults?.servers;
  const names = Object.keys(serverDefaults);
  const given = maps ?? (names.length > 0 ? names : [role]).map((name) => ({ name, values: {}, places: STACK }));
  return given.map(({ name = "", values, places }) => {
    const weaker = [roleDefaults, serverDefaults[name], config].filter((one) => one !== null && one !== undefined);
    return { name, layers: [...weaker, { values, places }] };
  });
}
