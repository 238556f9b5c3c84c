import { UserError, type Fault } from "../../lib/errors.ts";
import { CONFIG_KEYS, type ConfigValues } from "./keys.ts";
import type { ReadConfig } from "./read.ts";
import { nearest } from "../../lib/nearest.ts";
import type { Bootstrap } from "../hosts/bootstrap.ts";
import { isOwnModel, versionsOf } from "./versions.ts";
import type { ThreadPolicy } from "../threads.ts";
import { accessConfig, type AccessConfig } from "./access.ts";

/** A model that a stack asks for. */
export interface ModelRequest {
  readonly name: string;
  /** Version number that is live; undefined: the first. */
  readonly version: number | undefined;
  /** One more version, served beside it. */
  readonly canary?: number | undefined;
  /** Where its versions are from: a catalogue name or a folder, or one a version. Undefined: the catalogue's of its name. */
  readonly from?: string | Readonly<Record<string, string>> | undefined;
}

/** Everything that a stack's config decides about one machine, complete: defaults filled in. */
export interface MachineConfig {
  readonly role: string;
  readonly ssh: { readonly destination: string; readonly configFile?: string } | null;
  /** Undefined: the name that OpenSSH would connect to. */
  readonly address: string | undefined;
  readonly bootstrap: Bootstrap;
  readonly models: readonly ModelRequest[];
  readonly server: string;
  /** Undefined: the server kind's own image. */
  readonly image: string | undefined;
  readonly grpcPort: number;
  readonly restPort: number;
  readonly container: string;
  readonly threads: ThreadPolicy;
  /** Undefined: from the host's memory. */
  readonly memoryMiB: number | undefined;
  readonly pidsLimit: number;
  readonly gateTimeoutSeconds: number;
  /** Relative to the SSH user's home unless it begins with a slash. */
  readonly workspace: string;
  readonly access: AccessConfig;
}

const DEFAULT_SERVER = "tf-serving";

/** Where a machine's config comes from. */
export interface ConfigSources {
  readonly project: string;
  readonly stack: string;
  /** What the user set. */
  readonly config: ReadConfig;
  /** What the role's YAML says; null where the role has none. */
  readonly roleDefaults: ReadConfig | null;
  /** Names of the catalogue's models. */
  readonly catalogue: readonly string[];
  /** Names of the server kinds. */
  readonly servers: readonly string[];
  /** This machine's own Docker engine is used, and no host is needed. */
  readonly local: boolean;
}

/** The role that a stack's machine has, before its defaults are read. */
export function roleOf(stack: string, values: ConfigValues): string {
  return values.role ?? stack;
}

/**
 * One machine's complete config: what the user set, else what the role says, else Lathe's own default. Throws one
 * `UserError` with all faults of the config and the role's file.
 */
export function resolveConfig(sources: ConfigSources): MachineConfig {
  const { project, stack, config, roleDefaults, local } = sources;
  const faults: Fault[] = [...config.faults, ...(roleDefaults?.faults ?? [])];
  const values: ConfigValues = { ...(roleDefaults?.values ?? {}), ...config.values };
  const failed = (key: string) => config.faults.some((fault) => fault.what.startsWith(`lathe:${key}`));
  const required = (key: "host" | "models", expected: string) => {
    if (failed(key) || (roleDefaults?.faults.length ?? 0) > 0) return;
    faults.push({ what: `lathe:${key}: not set`, expected, fix: `pulumi config set ${CONFIG_KEYS[key].example}` });
  };
  if (values.abandon === "true") {
    faults.push({
      what: "lathe:abandon: this stack is to be forgotten",
      expected: "no abandon in a stack that is to come up",
      fix: `pulumi destroy --stack ${stack}, or pulumi config rm lathe:abandon`,
    });
  }
  if (!local && values.host === undefined) required("host", "the machine to deploy to, as ssh takes it");
  if (values.models === undefined) required("models", "the models to serve (this role has no defaults of its own)");
  const models = (values.models ?? []).map((m): ModelRequest =>
    typeof m === "string" ? { name: m, version: undefined } : { ...m, version: m.version },
  );
  const names = models.map((m) => m.name);
  for (const name of new Set(names.filter((n, i) => names.indexOf(n) !== i))) {
    faults.push({
      what: `lathe:models: "${name}" twice`,
      expected: "each model once",
      fix: "pulumi config rm lathe:models",
    });
  }
  for (const model of models.filter((m) => m.canary !== undefined && m.canary === (m.version ?? 1))) {
    faults.push({
      what: `lathe:models: ${model.name}: version ${model.canary} is both live and canary`,
      expected: "two versions, or no canary",
      fix: "pulumi config rm --path 'lathe:models[0].canary'",
    });
  }
  for (const name of new Set(models.flatMap((m) => versionsOf(m).map((v) => v.source)))) {
    if (isOwnModel(name) || sources.catalogue.includes(name)) continue;
    faults.push({
      ...unknownName("lathe:models", name, sources.catalogue),
      fix: "npm run models -- list, then: pulumi config set --path 'lathe:models[0]' NAME",
    });
  }
  const server = values.server ?? DEFAULT_SERVER;
  if (!sources.servers.includes(server)) {
    faults.push({ ...unknownName("lathe:server", server, sources.servers), fix: "pulumi config rm lathe:server" });
  }
  const grpcPort = values.grpcPort ?? 8500;
  const restPort = values.restPort ?? 8501;
  if (grpcPort === restPort) {
    faults.push({
      what: `lathe:restPort: ${restPort} is the gRPC port too`,
      fix: "pulumi config set lathe:restPort 8501",
    });
  }
  const access = accessConfig(values, faults);
  if (faults.length > 0) throw new UserError(faults);
  const policy = values.threads === undefined || values.threads === "auto" ? {} : values.threads;
  return {
    role: roleOf(stack, values),
    ssh: local
      ? null
      : { destination: values.host ?? "", ...(values.sshConfig === undefined ? {} : { configFile: values.sshConfig }) },
    address: values.address,
    bootstrap: values.bootstrap ?? "false",
    models,
    server,
    image: values.image,
    grpcPort,
    restPort,
    container: values.container ?? "tf-serving",
    threads: { ...policy, pin: policy.pin ?? "none" },
    memoryMiB: values.memoryMiB,
    pidsLimit: values.pidsLimit ?? 4096,
    gateTimeoutSeconds: values.gateTimeoutSeconds ?? 180,
    workspace: values.workspace ?? `.lathe/${project}-${stack}`,
    access,
  };
}

function unknownName(place: string, name: string, known: readonly string[]): Fault {
  const guess = nearest(name, known);
  const hint = guess === undefined ? "" : `, did you mean ${guess}?`;
  return { what: `${place}: "${name}": there is none of that name${hint}`, expected: known.join(", ") };
}
