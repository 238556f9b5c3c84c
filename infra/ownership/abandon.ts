import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { lastName } from "../config/stack-name.ts";

/**
 * Whether a stack's machine was given up (`pulumi config set lathe:abandon true`), as a resource's program finds out when it
 * is to undo something: destroy runs no stack's program, and what it hands on are inputs of the last `up`. So this looks
 * into the stack's config file, beside the folder that the engine starts programs in; `LATHE_ABANDON=true` says the same.
 *
 * @param owner `PROJECT/STACK`
 */
export async function isAbandoned(owner: string, cwd = process.cwd(), env = process.env): Promise<boolean> {
  if (env["LATHE_ABANDON"] === "true") return true;
  const text = await readFile(join(dirname(cwd), `Pulumi.${lastName(owner)}.yaml`), "utf8").catch(() => "");
  try {
    const { config } = (parse(text) ?? {}) as { config?: Record<string, unknown> };
    return String(config?.["lathe:abandon"]) === "true";
  } catch {
    return false;
  }
}
