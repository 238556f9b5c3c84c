import { basename, join } from "node:path";
import { parse } from "yaml";
import { lastName } from "../infra/config/stack-name.ts";
import { UserError, messageOf } from "../lib/errors.ts";
import { readText } from "../lib/read-text.ts";

/** Where a stack's config file is. */
export const configFile = (projectDir: string, stack: string): string =>
  join(projectDir, `Pulumi.${lastName(stack)}.yaml`);

/** Its text. @throws UserError if there is none, or it cannot be read */
export async function configText(projectDir: string, stack: string): Promise<string> {
  return readText(configFile(projectDir, stack), {
    expected: `the config file of stack ${stack}`,
    fix: "if it is in another folder: --project DIR",
  });
}

/**
 * A stack's config file as Pulumi would hold it: full keys to text, lists and maps as JSON; then the keys that are secret.
 *
 * @throws UserError if there is none, or it cannot be read
 */
export async function configIn(projectDir: string, stack: string): Promise<[Record<string, string>, string[]]> {
  const written = await configText(projectDir, stack);
  try {
    const content = parse(written, { logLevel: "error" }) as {
      config?: Record<string, unknown>;
    } | null;
    const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
    const all = Object.entries(content?.config ?? {});
    const secret = all.filter(([, value]) => typeof value === "object" && value !== null && "secure" in value);
    return [Object.fromEntries(all.map(([key, value]) => [key, text(value)])), secret.map(([key]) => key)];
  } catch (error) {
    const file = basename(configFile(projectDir, stack));
    throw new UserError({ what: `${file}: ${messageOf(error)}`, fix: `edit ${file}` });
  }
}
