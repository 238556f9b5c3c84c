import { METRICS, type KindEndpoint, type ServerKind } from "../servers/kind.ts";
import { CONFIG_KEYS, MACHINE_KEYS } from "./keys.ts";
import type { ConfigKey } from "./key.ts";
import { STACK } from "./places.ts";
import { SERVER_KEYS } from "./server-keys.ts";

/** What the reference tells of a server kind. */
export type DescribedKind = Pick<
  ServerKind,
  "name" | "about" | "defaultImage" | "defaultContainer" | "endpoints" | "settingsHelp"
>;

/** The reference of every config key as Markdown, made from the same lists that read the config; then each kind's own settings. */
export function configReference(kinds: readonly DescribedKind[]): string {
  const { servers } = CONFIG_KEYS;
  const parts = [
    ...["## The machine", ...sections(MACHINE_KEYS)],
    ...["## A server", ...sections(SERVER_KEYS)],
    ...["## Several servers on the machine", ...sections({ servers }), SERVERS_EXAMPLE],
    ...kinds.map(kindSection),
  ];
  return `${parts.join("\n\n")}\n`;
}

const SERVERS_EXAMPLE = `In \`Pulumi.STACK.yaml\`:

\`\`\`yaml
config:
  lathe:models: ["null"]
  lathe:servers:
    - name: plain
    - name: locked
      tls: mutual
      memoryMiB: 4096
\`\`\``;

function sections(keys: Readonly<Record<string, ConfigKey>>): string[] {
  return Object.entries(keys).map(([name, key]) => keySection(name, key));
}

function keySection(name: string, key: ConfigKey): string {
  const lines = [`- if not set: ${key.otherwise}`, `- \`${STACK.set(...key.example)}\``];
  return [`### \`${STACK.of(name)}\``, "", key.help, "", ...lines].join("\n");
}

function kindSection({ name, about, defaultImage, defaultContainer, endpoints, settingsHelp }: DescribedKind): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const rows = settingsHelp.map(({ key, help, otherwise }) => `| \`${key}\` | ${cell(help)} | ${cell(otherwise)} |`);
  const settings = [`| \`${STACK.of("settings")}\` | | if not set |`, "| --- | --- | --- |", ...rows];
  return [
    `## Server kind \`${name}\``,
    "",
    about,
    "",
    `- \`${STACK.of("image")}\`, if not set: ${defaultImage}`,
    `- \`${STACK.of("container")}\`, if not set: ${defaultContainer}`,
    ...endpoints.map(portLine),
    "",
    ...(rows.length === 0 ? ["It has no settings of its own."] : settings),
  ].join("\n");
}

function portLine({ protocol, defaultPort, protections, closable }: KindEndpoint): string {
  const port = `\`${STACK.of(`ports.${protocol}`)}\`, if not set: ${defaultPort}`;
  if (protocol === METRICS) return `- ${port}; the server's own metrics, unencrypted; open where REST is open`;
  const words = { tls: "TLS", "mutual-tls": "TLS that asks clients for a certificate", token: "a token, by a proxy" };
  const can =
    protections.length === 0 ? "in the clear only" : `can have ${protections.map((p) => words[p]).join(", ")}`;
  return `- ${port}; ${can}${closable ? "; can be closed" : ""}`;
}
