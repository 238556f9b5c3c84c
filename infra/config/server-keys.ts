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
      "Models to serve: names of the catalogue, or maps. `name` is the name on the server; `version` the number that is live " +
      "(label `stable`; 1 if not set); `canary` one more that is served beside it (label `canary`; requests that name neither " +
      "version nor label get the highest number); `from` where its versions are from: a catalogue name or a SavedModel folder " +
      '(a path with a slash), or one a version: `{"1": "ssd-mobilenet", "2": "./exported/2"}`. A new version is tried beside ' +
      "the old one before it takes its place; going back is `pulumi config set --path 'lathe:models[0].version' 1`.",
    otherwise: "the role's own (stacks/roles/ROLE.yaml)",
    example: ["models[0]", "ssd-mobilenet"],
  },
  server: {
    form: "text",
    schema: z.string().regex(NAME, "a server kind"),
    help: "Kind of model server: one of those at the end of this page.",
    otherwise: "the first of them",
    example: ["server", "KIND"],
  },
  image: {
    form: "text",
    schema: imageReference,
    help: "The server's image, best with its digest (NAME@sha256:…). A tag is resolved to its digest on each `up`.",
    otherwise: "the server kind's own",
    example: ["image", "NAME@sha256:…"],
  },
  ports: {
    form: "structured",
    schema: z.record(z.string(), whole(1, 65535, "a port"), { error: "a map of ports by protocol" }),
    help: "Ports on the machine, by protocol: those of the server kind's endpoints. A protocol that is not named has its default.",
    otherwise: "the server kind's own",
    example: ["ports.grpc", "8500"],
  },
  container: {
    form: "text",
    schema: z.string({ error: "text" }).regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, "a container name"),
    help: "The container's name. Of several servers of a stack, each has its own name after it (NAME-SERVER).",
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
    otherwise: "nine tenths of the host's usable memory, shared by the stack's servers",
    example: ["memoryMiB", "8192"],
  },
  pidsLimit: {
    form: "integer",
    schema: whole(64, 2 ** 22),
    help: "Most processes and threads that the container may have.",
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
