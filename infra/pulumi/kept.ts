import { readFile } from "node:fs/promises";
import { z } from "zod";
import { exists, writeAtomic } from "../../lib/cache/cached.ts";
import { type Fault, UserError } from "../../lib/errors.ts";
import { cacheDir } from "../../lib/paths.ts";
import { quote } from "../../lib/quote.ts";

/*
 * Stacks that `npx lathe demo --keep` left up have a backend of their own, which only its environment names. Where it is stands
 * in the cache, so that a command which finds no stack can say how these are reached.
 */

const Kept = z.object({ projectDir: z.string(), env: z.record(z.string().regex(/^[A-Z_]+$/), z.string()) });
type Kept = z.infer<typeof Kept>;

const note = () => cacheDir("kept-stacks.json");

/** Notes where they are. */
export async function noteKept({ projectDir, env }: Kept): Promise<void> {
  await writeAtomic(note(), JSON.stringify({ projectDir, env }));
}

/** What a shell needs to reach them. */
export function exportsOf(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
}

/** An error of a command that found no stacks, with how the kept ones are reached where there are any and no backend is set. */
export async function withKept(error: unknown, env: NodeJS.ProcessEnv = process.env): Promise<unknown> {
  if (!(error instanceof UserError) || env["PULUMI_BACKEND_URL"] !== undefined) return error;
  const kept = await readFile(note(), "utf8")
    .then((text) => Kept.parse(JSON.parse(text)))
    .catch(() => undefined);
  // The folder goes with its lab.
  if (kept === undefined || !(await exists(kept.projectDir))) return error;
  const fault: Fault = {
    what: "the stacks that `npx lathe demo --keep` left up have a backend of their own",
    fix: `if you mean those: ${exportsOf(kept.env).join("; ")}; then run the same command again`,
  };
  return new UserError([...error.faults, fault], { cause: error });
}
