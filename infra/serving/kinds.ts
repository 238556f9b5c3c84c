import type { ThreadPlan } from "../outputs.ts";
import { tfServing } from "./tf-serving.ts";

/** A file that a server reads at its start, beside the models. */
export interface ServerFile {
  /** Name in the models folder. */
  readonly name: string;
  readonly content: string;
}

/** What a kind of server needs in its container; the same for every engine and host. */
export interface ServerSpec {
  readonly env: Readonly<Record<string, string>>;
  /** Arguments after the image's own entry point. */
  readonly command: readonly string[];
  /** Where the models folder is mounted, read-only. */
  readonly modelsPath: string;
  readonly files: readonly ServerFile[];
  /** Ports that the server listens at inside the container. */
  readonly grpcPort: number;
  readonly restPort: number;
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
  spec(models: readonly { readonly name: string }[], threads: ThreadPlan): ServerSpec;
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
