import { CONFIG_KEYS, type ConfigKey } from "./keys.ts";

/** The reference of every config key as Markdown, made from the same list that reads the config. */
export function configReference(): string {
  const parts = Object.entries<ConfigKey>(CONFIG_KEYS).map(([name, key]) =>
    [
      `### \`lathe:${name}\``,
      "",
      key.help,
      "",
      `- if not set: ${key.otherwise}`,
      `- \`pulumi config set ${key.example}\``,
    ].join("\n"),
  );
  return `${parts.join("\n\n")}\n`;
}

if (import.meta.main) process.stdout.write(configReference());
