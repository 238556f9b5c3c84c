import { createInterface } from "node:readline/promises";
import { writeAtomic } from "../../lib/cache/cached.ts";
import { say } from "../../lib/output.ts";
import { shownPath } from "../../lib/paths.ts";
import { configFile, configIn, configText } from "../../stacks/config-file.ts";
import type { Where } from "../subject.ts";
import { type Home, difference } from "./edit.ts";

/** Where in its stack's config a server has its settings. */
export async function homeOf({ projectDir, stack }: Where, name: string): Promise<Home> {
  const [set] = await configIn(projectDir, stack);
  return "lathe:servers" in set ? { server: name } : null;
}

/**
 * Shows how a config file would change, and changes it after a person has agreed.
 *
 * @param change makes the new text from the old
 * @param options `yes`: do not ask; `how`: what to type to write the change, shown if it was not written
 * @returns `same`: there was nothing to change; `shown`: the file was not changed
 */
export async function offerChange(
  where: Where,
  change: (text: string, file: string) => string,
  { yes, how }: { readonly yes: boolean; readonly how: string },
): Promise<"written" | "shown" | "same"> {
  const { projectDir, stack } = where;
  const file = configFile(projectDir, stack);
  const before = await configText(projectDir, stack);
  const after = change(before, shownPath(file));
  const lines = difference(before, after);
  if (lines.length === 0) return "same";
  say([`${shownPath(file)}:`, ...lines.map((line) => `  ${line}`)].join("\n"));
  if (!yes && !(await saysYes(`Write this to ${shownPath(file)}? [y/N] `))) {
    say(`Not written. ${how}`);
    return "shown";
  }
  // A person may have edited the file before the answer.
  await writeAtomic(file, change(await configText(projectDir, stack), shownPath(file)));
  return "written";
}

/** Asks a person. Without a terminal the answer is no. */
async function saysYes(question: string): Promise<boolean> {
  const [input, output] = [process.stdin, process.stderr];
  if (!input.isTTY || !output.isTTY) return false;
  const terminal = createInterface({ input, output });
  // If the input ends, nobody has answered.
  const gone = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  const answer = await Promise.race([terminal.question(question), gone]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
