import { z } from "zod";
import { ACCESS_KEYS } from "./access-keys.ts";
import { imageReference, NAME, whole, type ConfigKey } from "./key.ts";

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

/**
 * The config keys about a server. Part of `CONFIG_KEYS`: there they hold for every server of the stack whose map in
 * `lathe:servers` says nothing else.
 */
export const SERVER_KEYS = {
  models: {
    form: "structured",
    schema: z.array(modelEntry, { error: "a list of models" }).min(1, "at least one model"),
    help:
      "Models to serve: names of the catalogue, or maps. `name` is the model's name on the server. `version` is the number of " +
      "the live version (label `stable`; 1 if not set). `canary` is the number of a second version that is served beside it " +
      "(label `canary`). A request without version or label gets the highest number. `from` says where the files come from: a " +
      "catalogue name, a SavedModel folder (a path with a slash), or one of these for each version: " +
      '`{"1": "ssd-mobilenet", "2": "./exported/2"}`. A new version is tried beside the old one before it replaces it. To go ' +
      "back: `pulumi config set --path 'lathe:models[0].version' 1`.",
    otherwise: "the role's own (stacks/roles/ROLE.yaml)",
    example: ["models[0]", "ssd-mobilenet"],
  },
  server: {
    form: "text",
    schema: z.string().regex(NAME, "a server kind"),
    help: "Server kind: one of those at the end of this page.",
    otherwise: "the first of them",
    example: ["server", "KIND"],
  },
  image: {
    form: "text",
    schema: imageReference,
    help: "The server's image, best with its digest (NAME@sha256:…). Each `up` resolves a tag to its digest.",
    otherwise: "the server kind's own",
    example: ["image", "NAME@sha256:…"],
  },
  ports: {
    form: "structured",
    schema: z.record(z.string(), whole(1, 65535, "a port"), { error: "a map of ports by protocol" }),
    help: "Ports on the machine, by the protocols of the server kind's endpoints. A protocol that is not named has its default port.",
    otherwise: "the server kind's own",
    example: ["ports.grpc", "8500"],
  },
  container: {
    form: "text",
    schema: z.string({ error: "text" }).regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, "a container name"),
    help: "The container's name. If a stack has several servers, each one's name is added (NAME-SERVER).",
    otherwise: "the server kind's own",
    example: ["container", "detector"],
  },
  settings: {
    form: "structured",
    schema: z.record(z.string(), z.unknown(), { error: "a map of the server kind's settings" }),
    help: "The server kind's own settings, and where the container may run: see the kinds at the end of this page.",
    otherwise: "what fits the machine",
    example: ["settings.KEY", "VALUE"],
  },
  memoryMiB: {
    form: "integer",
    schema: whole(64, 2 ** 30),
    help: "Memory limit of the container, in MiB.",
    otherwise: "nine tenths of the host's usable memory, divided among the stack's servers",
    example: ["memoryMiB", "8192"],
  },
  pidsLimit: {
    form: "integer",
    schema: whole(64, 2 ** 22),
    help: "How many processes and threads the container may have.",
    otherwise: "4096",
    example: ["pidsLimit", "4096"],
  },
  gateTimeoutSeconds: {
    form: "integer",
    schema: whole(1, 3600),
    help: "How long `up` waits for every model to be ready and to answer one request.",
    otherwise: "180",
    example: ["gateTimeoutSeconds", "180"],
  },
  ...ACCESS_KEYS,
} as const satisfies Record<string, ConfigKey>;
