import { z } from "zod";
import { isNetwork } from "../hosts/addresses.ts";
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

/** Who may reach a server, and how. */
const ACCESS_KEYS = {
  expose: {
    form: "text",
    schema: z.enum(["address", "everywhere", "tunnel"], { error: "address, everywhere or tunnel" }),
    help:
      "What the server's ports are bound to. address: loopback and the machine's own address that `lathe:address` stands " +
      "for (behind NAT: the one at which SSH arrives). everywhere: every interface, for a machine whose address changes. " +
      "tunnel: loopback alone; gate and bench come through SSH, and remote cells are then measured through two SSH " +
      "connections and the machine that runs the bench, which the tables say. An engine older than Docker 28 keeps " +
      "neighbours out with firewall rules alone, as `lathe:allowFrom` sets them (docs/trust.md): where Lathe may set them, it " +
      "does, and the server does not start at boot; else `up` warns.",
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
      "Addresses, networks (CIDR) and hosts (as `ssh` knows them) that the machine's firewall lets at the server; everyone " +
      "else is refused. The rules (iptables, in a chain of this server alone, tagged with the stack) need root there or sudo " +
      "without a password, and go with destroy. After a reboot (or a crash) the server stays down until `pulumi up --refresh` has set them " +
      "again; what is lost otherwise, the next `up` sets again. The machine itself is always let in; gate and bench need no rule of their own, they come through SSH or from " +
      "the client machines.",
    otherwise: "no firewall rules",
    example: ["allowFrom[0]", "192.0.2.10"],
  },
  tls: {
    form: "text",
    schema: z.enum(["off", "server", "mutual"], { error: "off, server or mutual" }),
    help:
      "gRPC in the clear (off), by TLS (server), or by TLS that lets only clients with a certificate in (mutual). The stack " +
      "makes the certificates (ten years, a CA for this server alone); keys are encrypted in the state and on the machine " +
      "readable by the server alone. `pulumi stack output latheSecrets --show-secrets` has what other clients need. New " +
      "ones: `pulumi up --replace URN`, the URN of the server's Stash (`pulumi stack -u`). Encryption is then part of what is measured.",
    otherwise: "off, as in the paper",
    example: ["tls", "mutual"],
  },
  rest: {
    form: "text",
    schema: z.enum(["open", "token", "off"], { error: "open, token or off" }),
    help:
      "REST in the clear for whoever reaches the port (open); by TLS and for those alone who send the stack's token as " +
      "`Authorization: Bearer …` (token); or not at all (off). Where the server's own REST knows neither TLS nor tokens, a " +
      "small proxy (HAProxy, `lathe:proxyImage`) stands in front of it, and its share is part of what is measured.",
    otherwise: "open; off where lathe:tls is set",
    example: ["rest", "off"],
  },
  proxyImage: {
    form: "text",
    schema: imageReference,
    help: "Image with HAProxy 2.4 or newer, for `lathe:rest token`. A tag is resolved to its digest on each `up`.",
    otherwise: "haproxy:2.8",
    example: ["proxyImage", "haproxy@sha256:…"],
  },
  user: {
    form: "text",
    schema: z.enum(["unprivileged", "image"], { error: "unprivileged or image" }),
    help: "Whom the container runs as: the SSH user (65532 where that is root), or whom its image says.",
    otherwise: "unprivileged",
    example: ["user", "image"],
  },
} as const satisfies Record<string, ConfigKey>;

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
