import { z } from "zod";
import { ACCESS_KEYS } from "./access-keys.ts";

/*
 * The one list of what a stack's config may say: the schema that reads it, the reference in the docs and the fixes in
 * error messages are all made from it.
 */

/** One config key: what it holds, for whom, and how it is set. */
export interface ConfigKey {
  /** `text` is taken as it stands; `integer` and `structured` (JSON, as Pulumi hands lists and maps on) are decoded. */
  readonly form: "text" | "integer" | "structured";
  readonly schema: z.ZodType;
  readonly help: string;
  /** What holds where the key is not set, in words. */
  readonly otherwise: string;
  /** What follows `pulumi config set`, as a person would type it. */
  readonly example: string;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const whole = (least: number, most: number, what = "a whole number") => {
  const error = `${what}, ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
};
const port = whole(1, 65535, "a port");
const threads = whole(1, 1024);

const versionNumber = whole(1, Number.MAX_SAFE_INTEGER, "a version number");
const source = z.string().regex(/^[\w.~/][^\n\0]*$/, "a catalogue name, or a SavedModel folder (with a / in it)");

/** A model of the stack: a name of the catalogue, or a name with its versions and where they are from. */
const modelEntry = z.union(
  [
    z.string().regex(NAME, "a catalogue name"),
    z.strictObject({
      name: z.string().regex(NAME, "a name"),
      version: versionNumber.optional(),
      canary: versionNumber.optional(),
      from: z.union([source, z.record(z.string().regex(/^[1-9]\d{0,15}$/, "a version number"), source)]).optional(),
    }),
  ],
  { error: 'a catalogue name, or {"name": …, "version": …, "canary": …, "from": …}' },
);

const threadPolicy = z.union(
  [
    z.literal("auto"),
    z.strictObject({
      omp: threads.optional(),
      intraOp: threads.optional(),
      interOp: threads.optional(),
      pin: z.enum(["none", "physical", "cores", "node"]).optional(),
    }),
  ],
  {
    error:
      '"auto", or a map of omp, intraOp, interOp (whole numbers, 1 to 1024) and pin (none, physical, cores or node)',
  },
);

export const CONFIG_KEYS = {
  role: {
    form: "text",
    schema: z.string().regex(NAME, "a name of letters, digits, - _ ."),
    help: "Role of the machine: client, cloud, edge, or a name of your own. The bench's tables call the machine so.",
    otherwise: "the stack's name",
    example: "lathe:role edge",
  },
  host: {
    form: "text",
    schema: z
      .string()
      .regex(/^[^\s-][^\s]*$/, "an SSH destination: USER@HOST, a Host of your ssh config, or ssh://USER@HOST:PORT"),
    help: "The machine, as `ssh` takes it: USER@HOST, a Host of your ssh config, or ssh://USER@HOST:PORT.",
    otherwise: "required (not used in the stack `dev`)",
    example: "lathe:host ubuntu@edge.example",
  },
  bootstrap: {
    form: "text",
    schema: z.preprocess(
      (value) => (typeof value === "boolean" ? `${value}` : value),
      z.enum(["false", "true", "sudo"], { error: "true, sudo or false" }),
    ),
    help:
      "What `up` does on a Debian or Ubuntu machine without a usable Docker engine. true: installs the distribution's " +
      "docker.io, starts it, and adds the SSH user to the group docker, who is then as good as root there. sudo: the " +
      "same, but the user reaches Docker through sudo (a wrapper in /usr/local/bin, gone with the last stack that wants it). It needs root, or " +
      "sudo without a password. Docker stays when the stack goes.",
    otherwise: "false: `up` stops and says what is missing",
    example: "lathe:bootstrap true",
  },
  sshConfig: {
    form: "text",
    schema: z.string().min(1, "a file"),
    help: "An ssh config file to use instead of your own (`ssh -F`).",
    otherwise: "~/.ssh/config",
    example: "lathe:sshConfig ./ssh_config",
  },
  address: {
    form: "text",
    schema: z.string().regex(/^[^\s/]+$/, "a host name or an IP address"),
    help: "Where other machines reach the server's ports.",
    otherwise: "the name that `ssh -G` gives for the host",
    example: "lathe:address 192.0.2.7",
  },
  models: {
    form: "structured",
    schema: z.array(modelEntry, { error: "a list of models" }).min(1, "at least one model"),
    help:
      "Models to serve: names of the catalogue, or maps. `name` is the name on the server; `version` the number that is live " +
      "(label `stable`; 1 if not set); `canary` one more that is served beside it (label `canary`; requests that name neither " +
      "version nor label get the highest number); `from` where its versions are from: a catalogue name or a SavedModel folder " +
      '(a path with a slash), or one a version: `{"1": "ssd-mobilenet", "2": "./exported/2"}`. A new version is tried beside ' +
      "the old one before it takes its place; going back is `pulumi config set --path 'lathe:models[0].version' 1`.",
    otherwise: "the role's own (stacks/roles/ROLE.yaml)",
    example: "--path 'lathe:models[0]' ssd-mobilenet",
  },
  server: {
    form: "text",
    schema: z.string().regex(NAME, "a server kind"),
    help: "Kind of model server.",
    otherwise: "tf-serving",
    example: "lathe:server tf-serving",
  },
  image: {
    form: "text",
    schema: z
      .string()
      .regex(/^[a-z0-9][^\s@]*(@sha256:[0-9a-f]{64})?$/, "an image reference, best with its digest: NAME@sha256:…"),
    help: "The server's image, best with its digest (NAME@sha256:…). A tag is resolved to its digest on each `up`.",
    otherwise: "the server kind's own (the paper's Intel image)",
    example: "lathe:image intel/intel-optimized-tensorflow-serving@sha256:…",
  },
  grpcPort: {
    form: "integer",
    schema: port,
    help: "Port on the machine for gRPC.",
    otherwise: "8500",
    example: "lathe:grpcPort 8500",
  },
  restPort: {
    form: "integer",
    schema: port,
    help: "Port on the machine for REST.",
    otherwise: "8501",
    example: "lathe:restPort 8501",
  },
  container: {
    form: "text",
    schema: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, "a container name"),
    help: "The container's name.",
    otherwise: "tf-serving",
    example: "lathe:container tf-serving",
  },
  threads: {
    form: "structured",
    schema: threadPolicy,
    help:
      "Thread settings. auto: one thread per physical core the host may use, two operators at a time. A map overrides " +
      "single numbers (omp, intraOp, interOp) and says where the container may run (pin: none, physical: one logical CPU " +
      "of each core, cores: all hyper-threads of them, node: the cores of one NUMA node and no others). What is pinned " +
      "gets memory of its own NUMA nodes only.",
    otherwise: "auto, not pinned",
    example: "--path lathe:threads.omp 4",
  },
  memoryMiB: {
    form: "integer",
    schema: whole(64, 2 ** 30),
    help: "Memory limit of the container, in MiB.",
    otherwise: "nine tenths of the host's usable memory",
    example: "lathe:memoryMiB 8192",
  },
  pidsLimit: {
    form: "integer",
    schema: whole(64, 2 ** 22),
    help: "Most processes and threads that the container may have.",
    otherwise: "4096",
    example: "lathe:pidsLimit 4096",
  },
  gateTimeoutSeconds: {
    form: "integer",
    schema: whole(1, 3600),
    help: "How long `up` waits for every model to be AVAILABLE and to answer one predict.",
    otherwise: "180",
    example: "lathe:gateTimeoutSeconds 180",
  },
  workspace: {
    form: "text",
    schema: z
      .string()
      .regex(/^\/?[a-zA-Z0-9._-]+(\/[a-zA-Z0-9._-]+)*$/, "a folder, without spaces")
      .refine(
        (path) => !path.split("/").includes("..") && path.split("/").filter((part) => part !== "").length >= 2,
        "a folder at least two levels deep",
      ),
    help: "Folder on the machine for models and agents: Lathe's alone, removed by destroy. Relative to the SSH user's home.",
    otherwise: ".lathe/PROJECT-STACK",
    example: "lathe:workspace /srv/lathe/edge",
  },
  abandon: {
    form: "text",
    schema: z.enum(["true", "false"], { error: "true or false" }),
    help:
      "The machine is gone for good: `pulumi destroy` forgets what it cannot reach there, and says what may be left " +
      "(docs/faults.md). What it can reach it removes as ever; `pulumi up` is refused.",
    otherwise: "false: what cannot be removed stays in the stack, and destroy says why",
    example: "lathe:abandon true",
  },
  ...ACCESS_KEYS,
} as const satisfies Record<string, ConfigKey>;

export type ConfigKeyName = keyof typeof CONFIG_KEYS;

/** What a stack's config, or a role's defaults, may hold: every key optional, already decoded. */
export type ConfigValues = { readonly [K in ConfigKeyName]?: z.output<(typeof CONFIG_KEYS)[K]["schema"]> };
