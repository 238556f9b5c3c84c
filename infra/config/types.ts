import type { Bootstrap } from "../hosts/bootstrap/bootstrap.ts";
import type { AccessConfig } from "../access/config.ts";
import type { Tuned } from "../tuned.ts";

/** Version number of a model where the stack asks for none. */
const FIRST_VERSION = 1;

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

/** The versions of a model that a stack asks for, the live one first, each with its catalogue name or folder. */
export function versionsOf({ name, version = FIRST_VERSION, canary, from }: ModelRequest) {
  const source = (number: number) => (typeof from === "string" ? from : (from?.[`${number}`] ?? name));
  return [version, ...(canary === undefined ? [] : [canary])].map((v) => ({ version: v, source: source(v) }));
}

/** Everything that a stack's config decides about its machine and the servers on it, complete: defaults filled in. */
export interface StackConfig {
  /** The machine's id in outputs and tables. */
  readonly role: string;
  readonly ssh: { readonly destination: string; readonly configFile?: string } | null;
  /** Undefined: the name that OpenSSH would connect to. */
  readonly address: string | undefined;
  readonly bootstrap: Bootstrap;
  /** Of the machine. Relative to the SSH user's home unless it begins with a slash. */
  readonly workspace: string;
  /** One or more: `lathe:servers`, or the one that the stack's other keys describe. */
  readonly servers: readonly ServerConfig[];
}

/** What a stack's config decides about one server. */
export interface ServerConfig {
  /** Unique on the machine. Of a stack's only server: the machine's role. */
  readonly name: string;
  /** In outputs and tables: the machine's role where it is the stack's only server, else `ROLE/NAME`. */
  readonly id: string;
  /** A server kind's name. */
  readonly kind: string;
  readonly models: readonly ModelRequest[];
  /** Undefined: the server kind's own image. */
  readonly image: string | undefined;
  /** Port on the machine by protocol, one for each endpoint of the kind. */
  readonly ports: Readonly<Record<string, number>>;
  readonly container: string;
  /** How many containers of it stand on the machine (`replicasOf`); absent: one. */
  readonly replicas?: number;
  /** Which of them this is, from 2 on; absent: the first. */
  readonly replica?: number;
  /** As the kind's own schema read them. */
  readonly settings: unknown;
  /** The same as the config says it; absent: nothing. */
  readonly rawSettings?: Readonly<Record<string, unknown>>;
  /** What `lathe tune` has found; absent: it is not tuned. */
  readonly tuned?: Tuned;
  /** Undefined: from the host's memory, shared with the stack's other servers. */
  readonly memoryMiB: number | undefined;
  readonly pidsLimit: number;
  readonly gateTimeoutSeconds: number;
  /** The machine's, or below it. */
  readonly workspace: string;
  readonly access: AccessConfig;
}
