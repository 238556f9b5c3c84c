import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { lastName } from "../infra/config/stack-name.ts";
import { UserError, messageOf } from "../lib/errors.ts";

/** A stack's config file as Pulumi would hold it: full keys to text, lists and maps as JSON; then the keys that are secret. */
export async function configIn(projectDir: string, stack: string): Promise<[Record<string, string>, string[]]> {
  const file = `Pulumi.${lastName(stack)}.yaml`;
  try {
    const content = parse(await readFile(join(projectDir, file), "utf8"), { logLevel: "error" }) as {
      config?: Record<string, unknown>;
    } | null;
    const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
    const all = Object.entries(content?.config ?? {});
    const secret = all.filter(([, value]) => typeof value === "object" && value !== null && "secure" in value);
    return [Object.fromEntries(all.map(([key, value]) => [key, text(value)])), secret.map(([key]) => key)];
  } catch (error) {
    throw new UserError({ what: `${file}: ${messageOf(error)}`, fix: `edit ${file}` });
  }
}
