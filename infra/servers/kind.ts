import type { z } from "zod";
import { SAVED_MODEL } from "../../models/index.ts";
import type { Credentials } from "../access/certificates.ts";
import type { AccessConfig } from "../access/config.ts";
import type { KindGate } from "../gate/spec.ts";
import type { HostFacts } from "../hosts/facts.ts";
import type { Endpoint, Placement } from "../outputs.ts";

/** A file that a server reads at its start, beside the models. */
export interface ServerFile {
  /** Name in the models folder; it may be in a folder of its own there. */
  readonly name: string;
  readonly content: string;
  /** How the file on the machine begins where the gate has taken it over (`GateState`): then it is left as it is. */
  readonly keepWhere?: string;
}

/** A file that the user of one container alone may read. */
export type SecretFile = Pick<ServerFile, "name" | "content">;

/** A model that a server is to serve. */
export interface ModelToServe {
  readonly name: string;
  readonly version: number;
  /** Where it is from, if not from the catalogue under its name: another of its names, or a folder. */
  readonly from?: string | undefined;
  readonly canary?: { readonly version: number; readonly from?: string } | undefined;
}

/** The protocol of an endpoint that takes no calls: it has the page of the server's own metrics, in the clear. It is open where REST is. */
export const METRICS = "metrics";

/** A version of a model, and how large it is on disk. */
export interface SizedModel {
  readonly name: string;
  readonly version: number;
  /** Of its archive. */
  readonly bytes: number;
}

/** A port that servers of a kind have. */
export interface KindEndpoint extends Pick<Endpoint, "api" | "also" | "inputs" | "protocol"> {
  /** Inside the container. */
  readonly containerPort: number;
  /** On the machine, where the stack names none. */
  readonly defaultPort: number;
  /** What it can be protected by: `token` is a proxy that Lathe puts before it. It can always be in the clear. */
  readonly protections: readonly Exclude<Endpoint["security"], "none">[];
  /** Whether it can be closed while others stay open. */
  readonly closable: boolean;
}

/** What builds of an image need of a processor. */
export interface ImageNeeds {
  /** As Docker names architectures: `amd64`, `arm64`. */
  readonly architectures: readonly string[];
  /** As /proc/cpuinfo names what a processor can: `avx`. */
  readonly flags: readonly string[];
}

/** A kind's settings as they hold on one machine, and where the container may run. */
export interface SettingsPlan<S> {
  readonly settings: S;
  readonly placement: Placement;
}

/** A value of a knob. */
export type KnobValue = string | number;

/** Something of a server that `lathe tune` tries at several values on one machine. */
export interface Knob {
  /** As `--only` names it: a setting's own name, or one word for several settings that belong together. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly help: string;
  /** The value without tuning. */
  readonly rule: KnobValue;
  /** The values worth trying on this machine, the rule among them. */
  readonly values: readonly KnobValue[];
  /** Tried by itself, every other knob at its rule: for what is not expected to depend on others. Absent: in all combinations. */
  readonly alone?: true;
  /** It acts on requests over this protocol alone. */
  readonly protocol?: string;
  /** It acts on calls that overlap alone. */
  readonly overlap?: true;
  /** Whether a value is worth trying beside these of the other knobs; absent: each is. Values that a user has named are tried in any case. */
  readonly fits?: (value: KnobValue, others: Readonly<Record<string, KnobValue>>) => boolean;
  /** The settings that mean this value. */
  settings(value: KnobValue): Readonly<Record<string, unknown>>;
}

/** What a server needs in its container; the same for every engine and host. */
export interface ContainerSpec {
  readonly env: Readonly<Record<string, string>>;
  /** Arguments after the image's own entry point. */
  readonly command: readonly string[];
  /** Where the models folder is mounted, read-only. */
  readonly modelsPath: string;
  readonly files: readonly ServerFile[];
  /** What its gate must know of what it is to serve, as plain data of the kind's own. */
  readonly serving: unknown;
  /** Where it tells its own metrics, and which endpoint's protocol has the page; absent where it has none. */
  readonly metrics?: { readonly api: string; readonly protocol: string; readonly path: string };
  /** Shared memory between its processes (/dev/shm), MiB; absent: Docker's own 64. */
  readonly sharedMemoryMiB?: number;
  /** Docker's health test. */
  readonly healthTest: readonly string[];
  /** Folders that the server writes to, each a tmpfs: the rest of its root is read-only. */
  readonly scratch: readonly string[];
}

/**
 * A kind of model server: a folder here and a line in `registry.ts`. Nothing outside of the folder knows its name.
 *
 * @typeParam S the settings of its own that a stack's config may set (`lathe:settings`), as its schema gives them
 */
export interface ServerKind<S = unknown> {
  /** As `lathe:server` names it. */
  readonly name: string;
  /** A sentence for the docs. */
  readonly about: string;
  /** Image reference used where the stack names none. */
  readonly defaultImage: string;
  /** Where no registry has that image: how a person makes it and names it; absent: it can be pulled. */
  readonly imageToBuild?: string;
  /** What that image's builds need of a processor; absent: it is not known. */
  readonly imageNeeds?: ImageNeeds;
  /** The container's name where the stack names none. */
  readonly defaultContainer: string;
  readonly endpoints: readonly KindEndpoint[];
  /** Reads `lathe:settings`; its descriptions make the docs. */
  readonly settings: z.ZodType<S>;
  /** What stands in the docs beside `lathe:settings` for this kind: each key, what it does, and what holds without it. */
  readonly settingsHelp: readonly { readonly key: string; readonly help: string; readonly otherwise: string }[];
  /** Pure: the settings that fit a machine, those of the config taken as they are. */
  settingsFor(facts: HostFacts, wanted: S): SettingsPlan<S>;
  /** Pure: what `lathe tune` tries on a machine. Absent: nothing. */
  knobs?(facts: HostFacts): readonly Knob[];
  /** Pure: what the container needs for these models with these settings, protected as the config asks for. */
  container(models: readonly ModelToServe[], settings: S, access: AccessConfig): ContainerSpec;
  /**
   * Pure: MiB of memory that a server with these models and settings takes at the least once it has answered; `up` stops before it
   * pulls anything where a machine's servers need more than it has. Absent: it is not known, and the server is not counted.
   */
  memoryNeedMiB?(models: readonly SizedModel[], settings: S): number;
  /** The files that a server so protected reads its keys from. */
  secretFiles(access: AccessConfig, made: Credentials): SecretFile[];
  /** How it reads models, a name of `models/forms.ts`; absent: SavedModel folders. */
  readonly modelForm?: string;
  /** Where a model's version lies below the models folder, relative. */
  modelPath(model: string, version: number): string;
  /** Pure: which build an image is, in the kind's own words (`intel`): settings may act in one alone. */
  build(image: string, standIn: boolean): string;
  /** Pure: its settings by the names of its documentation, from the environment and command of a running container. */
  settingsShown(running: {
    readonly env: Readonly<Record<string, string>>;
    readonly command: readonly string[];
  }): Record<string, string>;
  readonly gate: KindGate;
}

/** The form in which servers of a kind read models. Pure. */
export const modelFormOf = ({ modelForm = SAVED_MODEL }: Pick<ServerKind, "modelForm">): string => modelForm;
