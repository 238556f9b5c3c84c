import { appendFile, lstat, writeFile } from "node:fs/promises";
import { writeAtomic } from "../../../lib/cache/cached.ts";
import { UserError, messageOf } from "../../../lib/errors.ts";
import type { Output, Render, RunReport } from "./output.ts";
import { OUTPUTS } from "./registry.ts";

/** Where outputs that an option asks for go: paths by option. */
export type AskedPaths = Readonly<Record<string, string | undefined>>;

/**
 * Writes the outputs that were asked for by an option, and appends those for which a CI system has a file.
 *
 * @returns paths of what was written or appended to
 * @throws UserError where a file cannot be written; the run's own files are there by then
 */
export async function writeAsked(
  run: RunReport,
  asked: AskedPaths,
  env: NodeJS.ProcessEnv = process.env,
  outputs: readonly Output[] = OUTPUTS,
): Promise<string[]> {
  const paths: string[] = [];
  for (const output of outputs) {
    if (!("option" in output)) continue;
    const path = asked[output.option] ?? "";
    const appended = output.appendTo === undefined ? "" : (env[output.appendTo] ?? "");
    if (path === "" && appended === "") continue;
    const render = await output.load();
    const again = `npx lathe report ${run.inputs.manifest.id} --${output.option} FILE`;
    if (path !== "") await orFault(path, again, () => writeTo(path, render(run)));
    if (appended !== "") await orFault(appended, again, async () => appendFile(appended, await whole(render(run))));
    paths.push(...[path, appended].filter((p) => p !== ""));
  }
  return paths;
}

/** A file is replaced when all is there. A link (`/dev/stdout` is one) or a pipe stays what it is, and is written into. */
async function writeTo(path: string, content: ReturnType<Render>): Promise<void> {
  const isOther = await lstat(path).then(
    (found) => !found.isFile(),
    () => false,
  );
  return isOther ? writeFile(path, content) : writeAtomic(path, content);
}

/** An output as one text. */
export async function whole(content: ReturnType<Render>): Promise<string> {
  if (typeof content === "string") return content;
  let text = "";
  for await (const piece of content) text += piece;
  return text;
}

async function orFault(path: string, fix: string, write: () => Promise<void>): Promise<void> {
  await write().catch((error: unknown) => {
    if (error instanceof UserError) throw error;
    const expected = "a file that can be written; the run and its report are whole";
    throw new UserError({ what: `${path}: ${messageOf(error)}`, expected, fix });
  });
}
