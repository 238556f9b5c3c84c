import { createInterface } from "node:readline/promises";
import { WrongUse } from "../lib/errors.ts";

/** Where a person would answer. */
interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Nobody loses every stack by a word too few: a person is asked, and a script must say it.
 *
 * @throws WrongUse if nobody can be asked, or the answer is no
 */
export async function askAboutAll(
  names: readonly string[],
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  const refused = (what: string) =>
    new WrongUse({
      what,
      expected: "stacks by name, or --all",
      fix: `npx lathe down --all, or npx lathe down --stack ${names[0] ?? "edge"}`,
    });
  if (input.isTTY !== true || output.isTTY !== true)
    throw refused(`without --stack, all would be taken down: ${names.join(", ")}`);
  const terminal = createInterface({ input, output });
  // Where the input ends, nobody has answered.
  const gone = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  const answer = await Promise.race([terminal.question(`Take down ${names.join(", ")}? [y/N] `), gone]);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw refused(`not taken down: ${names.join(", ")}`);
}
