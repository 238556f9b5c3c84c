import type { Fault } from "../../lib/errors.ts";
import { isOwnModel } from "../../models/own.ts";
import type { ServerKind } from "../servers/kind.ts";
import { accessProblems, isOpen } from "../servers/endpoints.ts";
import type { AccessConfig } from "../access/config.ts";
import { accessConfig } from "./access.ts";
import { schemaFaults, unknownName } from "./faults.ts";
import type { ServerValues } from "./keys.ts";
import { SERVER_KEYS } from "./server-keys.ts";
import { found, ofKind, type Found, type Layer } from "./layers.ts";
import { PORT_STEP, portFaults, type PlannedPort } from "./ports.ts";
import { readSettings, REPLICAS, replicasOf } from "./replicas.ts";
import { versionsOf, type ModelRequest, type ServerConfig } from "./types.ts";

/** What the config must know of a server kind. */
export type ConfigKind = Pick<ServerKind, "name" | "defaultContainer" | "endpoints" | "settings" | "settingsHelp">;

/** A server that a stack is to have. */
export interface WantedServer {
  readonly name: string;
  /** What is said of it, the weakest first; the last is its own map in `lathe:servers`, or an empty one. */
  readonly layers: readonly Layer[];
}

/** What servers' configs are made from, beside what is said of them. */
export interface ServerSources {
  /** The machine's. */
  readonly role: string;
  readonly workspace: string;
  /** Names of the catalogue's models. */
  readonly catalogue: readonly string[];
  /** The first is that of servers for which none is named. */
  readonly kinds: readonly ConfigKind[];
}

type Said<K extends keyof ServerValues> = Found<NonNullable<ServerValues[K]>>;
type Find = <K extends keyof ServerValues>(key: K) => Said<K>;

/** Each server's complete config; faults are added. `modelsRefused`: that none are left is no fault of its own. */
export function resolveServers(
  wanted: readonly WantedServer[],
  sources: ServerSources,
  faults: Fault[],
  modelsRefused: boolean,
): ServerConfig[] {
  const several = wanted.length > 1;
  const resolved = wanted.map(({ name, layers: said }, i) => {
    const { kind: kindName, layers } = ofKind(said, sources.kinds[0]?.name ?? "");
    const find: Find = (key) => found(layers, (values) => values[key] ?? undefined);
    const kind = kindOf(kindName, find, sources.kinds, faults);
    const access = accessOf(find, faults);
    if (kind !== undefined) faults.push(...accessFaults(kind, access, find));
    const ports = kind === undefined ? [] : portsOf(kind, layers, several ? i : 0, faults);
    const container = find("container");
    const models = find("models");
    const settings = find("settings");
    const tuned = find("tuned").value;
    if (models.value === undefined && !modelsRefused) faults.push(noModels(models));
    const served = modelsOf(models, sources.catalogue, faults);
    const { replicas = 1, settings: own } = kind === undefined ? {} : settingsOf(kind, settings, faults);
    const config: ServerConfig = {
      name: several ? name : sources.role,
      id: several ? `${sources.role}/${name}` : sources.role,
      kind: kindName,
      models: served,
      image: find("image").value,
      ports: Object.fromEntries(ports.map(({ protocol, port }) => [protocol, port])),
      // Of several servers, each has its own name in it, unless its own map says what it is.
      container: `${container.value ?? kind?.defaultContainer ?? ""}${several && container.saidBy !== "own" ? `-${name}` : ""}`,
      ...(replicas === 1 ? {} : { replicas }),
      settings: own,
      ...(settings.value === undefined ? {} : { rawSettings: settings.value }),
      ...(tuned === undefined ? {} : { tuned }),
      memoryMiB: find("memoryMiB").value,
      pidsLimit: find("pidsLimit").value ?? 4096,
      gateTimeoutSeconds: find("gateTimeoutSeconds").value ?? 180,
      workspace: several ? `${sources.workspace}/${name}` : sources.workspace,
      access,
    };
    // Nobody has a port that is closed.
    const open = ports.filter((port) => isOpen(port, access));
    return { config, name, replicas, ports: open, container };
  });
  faults.push(...portFaults(resolved), ...namesakes(resolved));
  return resolved.map(({ config }) => config);
}

function namesakes(
  servers: readonly { readonly name: string; readonly config: ServerConfig; readonly container: Said<"container"> }[],
): Fault[] {
  return servers.flatMap(({ name, config, container: { places } }, i) => {
    const before = servers.slice(0, i).filter((other) => other.name !== "" && name !== "");
    if (before.some((other) => other.name === name)) {
      const fix = `npx lathe pulumi config set --path 'lathe:servers[${i}].name' NAME`;
      return [{ what: `lathe:servers[${i}].name: "${name}" twice`, expected: "a name for each server", fix }];
    }
    const taken = new Set(before.flatMap((other) => replicasOf(other.config).map((one) => one.container)));
    const twice = replicasOf(config).find((one) => taken.has(one.container));
    if (twice === undefined) return [];
    const what = `${places.of("container")}: "${twice.container}" is another server's container`;
    return [{ what, expected: "a container for each server", fix: places.remove("container") }];
  });
}

function kindOf(name: string, find: Find, kinds: readonly ConfigKind[], faults: Fault[]): ConfigKind | undefined {
  const kind = kinds.find((k) => k.name === name);
  const { places } = find("server");
  const names = kinds.map((k) => k.name);
  if (kind === undefined) faults.push(unknownName(places.of("server"), name, names, places.remove("server")));
  return kind;
}

function accessFaults(kind: ConfigKind, access: AccessConfig, find: Find): Fault[] {
  return accessProblems(kind, access).map(({ key, what, expected, instead }) => {
    const { places } = find(key);
    return {
      what: `${places.of(key)}: ${what}`,
      ...(expected === undefined ? {} : { expected }),
      fix: instead === undefined ? places.remove(key) : places.set(key, instead),
    };
  });
}

function accessOf(find: Find, faults: Fault[]) {
  const keys = ["expose", "allowFrom", "tls", "rest", "proxyImage", "user"] as const;
  return accessConfig(Object.fromEntries(keys.map((key) => [key, find(key).value])), faults, find("allowFrom").places);
}

function portsOf(kind: ConfigKind, layers: readonly Layer[], before: number, faults: Fault[]): PlannedPort[] {
  const protocols = kind.endpoints.map(({ protocol }) => protocol);
  for (const { values, places } of layers) {
    for (const protocol of Object.keys(values.ports ?? {}).filter((p) => !protocols.includes(p))) {
      const path = `ports.${protocol}`;
      const what = `${places.of(path)}: a ${kind.name} server has no such endpoint`;
      faults.push({ what, expected: protocols.join(", "), fix: places.remove(path) });
    }
  }
  return kind.endpoints.map(({ protocol, defaultPort }) => {
    const { value = defaultPort, places, saidBy } = found(layers, ({ ports }) => ports?.[protocol]);
    const port = saidBy === "own" ? value : value + before * PORT_STEP;
    return { protocol, port, usual: defaultPort, places, saidBy };
  });
}

function settingsOf(kind: ConfigKind, { value = {}, places }: Said<"settings">, faults: Fault[]) {
  const read = readSettings(kind.settings, value);
  const known = [...kind.settingsHelp.map(({ key }) => key), REPLICAS];
  faults.push(...schemaFaults(read, { at: "settings", value, places, known }));
  return read;
}

function noModels({ places }: Said<"models">): Fault {
  return {
    what: `${places.of("models")}: not set`,
    expected: "the models to serve (this role has no defaults of its own)",
    fix: places.set(...SERVER_KEYS.models.example),
  };
}

function modelsOf({ value = [], places }: Said<"models">, catalogue: readonly string[], faults: Fault[]) {
  const models = value.map((m): ModelRequest =>
    typeof m === "string" ? { name: m, version: undefined } : { ...m, version: m.version },
  );
  const at = places.of("models");
  const names = models.map((m) => m.name);
  for (const name of new Set(names.filter((n, i) => names.indexOf(n) !== i)))
    faults.push({ what: `${at}: "${name}" twice`, expected: "each model once", fix: places.remove("models") });
  models.forEach((model, i) => {
    if (model.canary === undefined || model.canary !== (model.version ?? 1)) return;
    faults.push({
      what: `${at}: ${model.name}: version ${model.canary} is both live and canary`,
      expected: "two versions, or no canary",
      fix: places.remove(`models[${i}].canary`),
    });
  });
  for (const name of new Set(models.flatMap((m) => versionsOf(m).map((v) => v.source)))) {
    if (isOwnModel(name) || catalogue.includes(name)) continue;
    faults.push(unknownName(at, name, catalogue, `npx lathe models list, then: ${places.set("models[0]", "NAME")}`));
  }
  return models;
}
