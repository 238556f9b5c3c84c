import { z } from "zod";
import { NAME, type ConfigKey } from "./key.ts";
import { MACHINE_KEYS } from "./machine-keys.ts";
import { SERVER_KEYS } from "./server-keys.ts";

/*
 * The one list of what a stack's config may say: the schema that reads it, the reference in the docs and the fixes in
 * error messages are all made from it.
 */

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
