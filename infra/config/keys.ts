import { z } from "zod";
import { isDestination } from "../hosts/target.ts";
import { NAME, type ConfigKey } from "./key.ts";
import { SERVER_KEYS } from "./server-keys.ts";

/*
 * The one list of what a stack's config may say: the schema that reads it, the reference in the docs and the fixes in
 * error messages are all made from it.
 */

/** The config keys about a stack's machine. Part of `CONFIG_KEYS`. */
export const MACHINE_KEYS = {
  role: {
    form: "text",
    schema: z.string().regex(NAME, "a name of letters, digits, - _ ."),
    help: "Role of the machine: client, cloud, edge, or a name of your own. Tables call the machine by its role.",
    otherwise: "the stack's name",
    example: ["role", "edge"],
  },
  host: {
    form: "text",
    schema: z
      .string()
      .refine(
        isDestination,
        "an SSH destination: USER@HOST, a Host of your ssh config, or ssh://USER@HOST:PORT, without spaces, quotes and ;&<>|(){}",
      ),
    help: "The machine, as `ssh` takes it: USER@HOST, a Host of your ssh config, or ssh://USER@HOST:PORT.",
    otherwise: "required (not used in the stack `dev`)",
    example: ["host", "ubuntu@edge.example"],
  },
  bootstrap: {
    form: "text",
    schema: z.preprocess(
      (value) => (typeof value === "boolean" ? `${value}` : value),
      z.enum(["false", "true", "sudo"], { error: "true, sudo or false" }),
    ),
    help:
      "What `up` does if a Debian or Ubuntu machine has no usable Docker engine. true: it installs the distribution's " +
      "docker.io, starts it, and adds the SSH user to the group docker, which gives that user the rights of root. sudo: the " +
      "same, but the user reaches Docker through sudo (a wrapper in /usr/local/bin, removed with the last stack that uses it). " +
      "Both need root, or sudo without a password. Docker stays when the stack goes.",
    otherwise: "false: `up` stops and says what is missing",
    example: ["bootstrap", "true"],
  },
  sshConfig: {
    form: "text",
    schema: z.string().min(1, "a file"),
    help: "An ssh config file to use instead of your own (`ssh -F`).",
    otherwise: "~/.ssh/config",
    example: ["sshConfig", "./ssh_config"],
  },
  address: {
    form: "text",
    schema: z.string().regex(/^[^\s/]+$/, "a host name or an IP address"),
    help: "The host name or IP address at which other machines reach the ports of this machine's servers.",
    otherwise: "the name that `ssh -G` gives for the host",
    example: ["address", "192.0.2.7"],
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
    help: "Folder on the machine for models, secrets and agents. It is Lathe's alone, and `down` removes it. Relative paths begin at the SSH user's home.",
    otherwise: ".lathe/PROJECT-STACK",
    example: ["workspace", "/srv/lathe/edge"],
  },
  abandon: {
    form: "text",
    schema: z.enum(["true", "false"], { error: "true or false" }),
    help:
      "Set it if the machine is gone for good: `down` then removes what it can reach, forgets the rest, and says what may be " +
      "left there (docs/faults.md). `up` is refused.",
    otherwise: "false: what cannot be removed stays in the stack, and `down` says why",
    example: ["abandon", "true"],
  },
} as const satisfies Record<string, ConfigKey>;

const SERVERS_KEY = {
  form: "structured",
  schema: z
    .array(z.record(z.string(), z.unknown(), { error: "a map" }), { error: "a list of maps" })
    .min(1, "at least one server"),
  help:
    "Several servers on the machine: a list of maps. Each has a `name`, and may have any of these keys: " +
    `${Object.keys(SERVER_KEYS)
      .map((name) => `\`${name}\``)
      .join(", ")}. If a map does not have a key, the stack's own key holds; the stack's \`image\`, \`ports\` and ` +
    "`settings` hold only for servers of the kind in `lathe:server`. Ports that no map sets are 10 above those of the server before. " +
    "Each server has a container and a folder with its name; tables call it ROLE/NAME.",
  otherwise: "one server, as the stack's other keys describe it; in the stack `dev` the servers client, cloud and edge",
  example: ["servers[0].name", "NAME"],
} as const satisfies ConfigKey;

/** The keys of a map in `lathe:servers`. */
export const SERVER_MAP_KEYS = {
  name: {
    form: "text",
    schema: z
      .string({ error: "a name" })
      .regex(NAME, "a name of letters, digits, - _ .")
      // In the machine's folder, those are the bench's programs and the models of a server that is alone there.
      .refine((name) => !["agents", "models"].includes(name), "another name than agents and models"),
    help: "The server's name among those of the machine.",
    otherwise: "required",
    example: ["name", "NAME"],
  },
  ...SERVER_KEYS,
} as const satisfies Record<string, ConfigKey>;

export const CONFIG_KEYS = { ...MACHINE_KEYS, ...SERVER_KEYS, servers: SERVERS_KEY } as const satisfies Record<
  string,
  ConfigKey
>;

type Values<K extends Record<string, ConfigKey>> = { readonly [N in keyof K]?: z.output<K[N]["schema"]> };

/** What is said of a server; every key optional, already decoded. */
export type ServerValues = Values<typeof SERVER_KEYS>;

/** What a stack's config, or a role's defaults, say outside of `lathe:servers`. */
export type ConfigValues = Values<typeof MACHINE_KEYS> & ServerValues;
