import type { ThreadPlan } from "../outputs.ts";
import type { ServedModel } from "./tf-serving/models-config.ts";
import type { AccessConfig } from "../config/access.ts";
import type { Credentials } from "../access/certificates.ts";
import type { SecretFile } from "./tf-serving/protect.ts";
import { tfServing } from "./tf-serving/kind.ts";

/** A file that a server reads at its start, beside the models. */
export interface ServerFile {
  /** Name in the models folder. */
  readonly name: string;
  readonly content: string;
  /** A file that the gate takes over once a server was seen to serve what it says: then it is not written again. */
  readonly keepProven?: boolean;
}

/** A model that a server is to serve. */
export interface ModelToServe {
  readonly name: string;
  readonly version: number;
  readonly canary?: { readonly version: number } | undefined;
}

/** What a kind of server needs in its container; the same for every engine and host. */
export interface ServerSpec {
  readonly env: Readonly<Record<string, string>>;
  /** Arguments after the image's own entry point. */
  readonly command: readonly string[];
  /** Where the models folder is mounted, read-only. */
  readonly modelsPath: string;
  readonly files: readonly ServerFile[];
  /** What it serves, and from where in the container; null: a kind that cannot be told while it runs. */
  readonly serving: { readonly basePath: string; readonly models: ServedModel[] } | null;
  /** Ports that the server listens at inside the container. */
  readonly grpcPort: number;
  readonly restPort: number;
  /** Where it tells its own metrics in Prometheus' text form, at the REST port; absent where it has none. */
  readonly metricsPath?: string;
  /** Docker's health test. */
  readonly healthTest: readonly string[];
  /** Folders that the server writes to, each a tmpfs: the rest of its root is read-only. */
  readonly scratch: readonly string[];
}

/** A kind of model server. Another kind is one file like `tf-serving.ts` and one line in the registry below. */
export interface ServerKind {
  /** As `lathe:server` names it. */
  readonly name: string;
  /** Image reference used where the stack names none. */
  readonly defaultImage: string;
  /** Whether the OMP and TENSORFLOW_* variables act in this image. */
  isIntelBuild(image: string): boolean;
  /** Pure: what the container needs for these models with these threads. */
  spec(models: readonly ModelToServe[], threads: ThreadPlan): ServerSpec;
  /** Pure: the same, as the access config asks for it. */
  protect(spec: ServerSpec, access: AccessConfig): ServerSpec;
  /** The files that a server so protected reads its keys from. */
  secretFiles(access: AccessConfig, made: Credentials): SecretFile[];
}

const KINDS: readonly ServerKind[] = [tfServing];

/** The names of all kinds. */
export const serverKindNames: readonly string[] = KINDS.map((k) => k.name);

/** The kind of this name, which the config has been checked to be one of. */
export function serverKind(name: string): ServerKind {
  const kind = KINDS.find((k) => k.name === name);
  if (!kind) throw new Error(`no server kind ${name}`);
  return kind;
}
