import { expectedWord } from "../../lib/cli/parse.ts";
import { type Command, command } from "../../lib/cli/spec.ts";
import { WrongUse } from "../../lib/errors.ts";
import { latheProgram } from "../../lib/paths.ts";
import { quoteAll } from "../../lib/quote.ts";
import type { Verbs } from "../verb.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { NAMES, type NamesOf } from "./names.ts";
import { completedVerbs } from "./words.ts";
import { zshScript } from "./zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };
const NAME = "npx lathe completion";

/** `lathe completion`, of these verbs. */
export function completion(verbs: Verbs): Command {
  return command(
    {
      name: NAME,
      summary:
        "Prints a script that lets a shell complete verbs, options, and names of stacks, runs, models and experiments.",
      operands: "ACTION",
      most: 1,
      actions: {
        bash: "the script for bash (4.4 or newer)",
        zsh: "the script for zsh",
        fish: "the script for fish",
        names: "WHAT: names, one a line, as the scripts ask for them (stacks, runs, models, experiments)",
      },
      options: {},
      details: ["It completes `lathe` and `npx lathe`, with the names of this checkout."],
      examples: [
        [
          'eval "$(npx lathe completion bash)"',
          "this shell; to keep it, put the line that the script begins with into ~/.bashrc",
        ],
        ["npx lathe completion fish | source", "the same for fish"],
      ],
      exits: { 0: "printed", 1: "failed" },
      completes: Object.keys(NAMES),
    },
    async (_values, operands, { action }) => {
      if (action === "names") return printNames(operands[0]);
      const [operand] = operands;
      if (operand !== undefined)
        throw new WrongUse({ what: `an operand too many: "${operand}"`, fix: `${NAME} ${action}` });
      const script = SCRIPTS[action as keyof typeof SCRIPTS];
      // The program itself, not npx: a name is completed while somebody waits.
      process.stdout.write(script(await completedVerbs(verbs), quoteAll([process.execPath, latheProgram])));
    },
  );
}

async function printNames(what: string | undefined): Promise<void> {
  const known = Object.keys(NAMES);
  if (what === undefined || !known.includes(what))
    throw new WrongUse({
      what: what === undefined ? "no kind of names given" : `unknown names "${what}"`,
      expected: expectedWord(what ?? "", known),
      fix: `${NAME} names stacks`,
    });
  for (const name of await NAMES[what as NamesOf]()) process.stdout.write(`${name}\n`);
}
