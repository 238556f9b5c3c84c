import { z } from "zod";
import { isNetwork } from "../hosts/addresses.ts";
import { imageReference, NAME, whole, type ConfigKey } from "./key.ts";
import { REPLICAS_HELP } from "./replicas.ts";
import { Tuned } from "../tuned.ts";

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

const ACCESS_KEYS = {
  expose: {
    form: "text",
    schema: z.enum(["address", "everywhere", "tunnel"], { error: "address, everywhere or tunnel" }),
    help:
      "What the server's ports are bound to. address: loopback, and the machine's own address behind `lathe:address` " +
      "(behind NAT: the one at which SSH arrives). everywhere: every interface, for a machine whose address changes. " +
      "tunnel: loopback alone. Gate and bench then come through SSH; remote cells are measured through two SSH connections " +
      "and the machine that runs the bench, and the tables say so. With tunnel, a Docker engine older than 28 needs firewall " +
      "rules to keep neighbours out, as for `lathe:allowFrom` (docs/trust.md). If Lathe may set them, it does, and the server " +
      "does not start at boot; if not, `up` warns.",
    otherwise: "address",
    example: ["expose", "tunnel"],
  },
  allowFrom: {
    form: "structured",
    schema: z
      .array(
        z
          .string({ error: "text" })
          .regex(/^[a-zA-Z0-9][^\s]*$|^[0-9a-fA-F]*:[0-9a-fA-F:.]*(\/\d+)?$/, "an address, a network, or a host"),
        {
          error: "a list of addresses, networks (192.0.2.0/24) or hosts",
        },
      )
      .refine((all) => all.every((entry) => !entry.includes("/") || isNetwork(entry)), "networks as 192.0.2.0/24"),
    help:
      "Addresses, networks (CIDR) and hosts (as `ssh` knows them) that may reach the server; the machine's firewall refuses " +
      "everyone else. The rules (iptables, in a chain of this server alone, tagged with the stack) need root there, or sudo " +
      "without a password; `down` removes them. After a reboot or a crash the server stays down until `up --refresh` has set " +
      "them again. If something else removes them, the next `up` sets them again. The machine itself may always reach it. " +
      "Gate and bench come through SSH or from the client machines, so name the client machines here.",
    otherwise: "no firewall rules",
    example: ["allowFrom[0]", "192.0.2.10"],
  },
  tls: {
    form: "text",
    schema: z.enum(["off", "server", "mutual"], { error: "off, server or mutual" }),
    help:
      "gRPC unencrypted (off), by TLS (server), or by TLS that admits only clients with a certificate (mutual). The stack " +
      "makes the certificates (valid for ten years, with a CA for this server alone). Keys are encrypted in the state; on the " +
      "machine only the server can read them. `npx lathe pulumi stack output latheSecrets --show-secrets` has what other clients need. " +
      "To make new ones: `npx lathe pulumi up --replace URN`, with the URN of the server's Stash (`npx lathe pulumi stack -u`). Encryption is " +
      "then part of what is measured.",
    otherwise: "off, as in the paper",
    example: ["tls", "mutual"],
  },
  rest: {
    form: "text",
    schema: z.enum(["open", "token", "off"], { error: "open, token or off" }),
    help:
      "open: REST is unencrypted, for everyone who reaches the port. token: REST is by TLS, and only for those who send the " +
      "stack's token as `Authorization: Bearer …`; a small proxy (HAProxy, `lathe:proxyImage`) in front of the server checks " +
      "it, and its time is part of what is measured. off: the port is closed.",
    otherwise: "open; off if `lathe:tls` is set",
    example: ["rest", "off"],
  },
  proxyImage: {
    form: "text",
    schema: imageReference,
    help: "Image with HAProxy 2.4 or newer, for `lathe:rest token`. A tag is kept as that of `lathe:image` is.",
    otherwise: "haproxy:2.8",
    example: ["proxyImage", "haproxy@sha256:…"],
  },
  user: {
    form: "text",
    schema: z.enum(["unprivileged", "image"], { error: "unprivileged or image" }),
    help: "The user that the container runs as. unprivileged: the SSH user (65532 if that is root). image: the image's own.",
    otherwise: "unprivileged",
    example: ["user", "image"],
  },
} as const satisfies Record<string, ConfigKey>;

/** The config keys about a server. They hold for each whose map in `lathe:servers` says nothing else. */
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
      "back: `npx lathe pulumi config set --path 'lathe:models[0].version' 1`.",
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
    help:
      "The server's image, with a tag or with its digest (NAME@sha256:…). The first `up` keeps a tag's digest in images.lock.json, " +
      "and later ones use it; `npx lathe images` shows what the tag stands for now, and moves it.",
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
    help:
      "The container's name. If a stack has several servers, each one's name is added (NAME-SERVER). Further replicas have their number " +
      "at its end (NAME-2).",
    otherwise: "the server kind's own",
    example: ["container", "detector"],
  },
  settings: {
    form: "structured",
    schema: z.record(z.string(), z.unknown(), { error: "a map of the server kind's settings" }),
    help: `The server kind's own settings, and where the container may run: see the kinds at the end of this page. ${REPLICAS_HELP}`,
    otherwise: "what fits the machine",
    example: ["settings.KEY", "VALUE"],
  },
  tuned: {
    form: "structured",
    schema: Tuned,
    help:
      "What `npx lathe tune` has found, and written beside the settings: when, for which objective, model and image, on which facts of " +
      "the machine. `up` says it in the plan's reason and in the outputs, and warns if one of these has changed since. " +
      "`npx lathe tune --undo` takes it and its settings back. You need not write it.",
    otherwise: "the settings are the rule's, or your own",
    example: ["tuned.for", "throughput"],
  },
  memoryMiB: {
    form: "integer",
    schema: whole(64, 2 ** 30),
    help: "Memory limit of the container, in MiB. Each replica of a server has it.",
    otherwise: "nine tenths of the host's usable memory, divided among the stack's containers",
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
