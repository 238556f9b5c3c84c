import { columns } from "../lib/cli/help.ts";
import { expectedWord } from "../lib/cli/parse.ts";
import { EXIT, guarded, runCommand } from "../lib/cli/run.ts";
import { WrongUse } from "../lib/errors.ts";
import checkout from "../package.json" with { type: "json" };
import { print, say } from "../lib/output.ts";
import { firstWords, meantOfBench, membersOf, verbOf } from "./verb-names.ts";
import { VERBS } from "./verbs.ts";

const HELP = ["--help", "-h", "help"];

/** The program: finds the verb, loads it and runs it. */
export async function lathe(argv: readonly string[]): Promise<void> {
  const [first, ...after] = argv;
  if (first === "help" && after.length > 0) return lathe([...after, "--help"]);
  await guarded(argv.includes("--verbose"), async () => {
    const { name, verb, rest } = verbOf(VERBS, argv);
    const meant = verb === VERBS["bench"] ? meantOfBench(argv) : undefined;
    if (meant !== undefined) throw unknown("verb of bench", rest[0], [[meant, ""]], `npx lathe ${meant} --help`);
    if (verb !== undefined) {
      await runCommand(await verb.load(), rest);
      return Number(process.exitCode ?? EXIT.fine);
    }
    if (first === undefined) {
      say(overview());
      return EXIT.wrongUse;
    }
    if (HELP.includes(first)) return print(overview());
    if (first === "--version") return print(checkout.version);
    const members = membersOf(VERBS, name);
    const [second] = rest;
    if (members.length === 0) throw unknown("verb", first, firstWords(VERBS));
    if (second === undefined || !HELP.includes(second)) throw unknown(`verb of ${name}`, second, members);
    print([`usage: npx lathe ${name} VERB [options]`, "", "verbs:", ...columns(members)].join("\n"));
  });
}

function unknown(
  what: string,
  word: string | undefined,
  known: readonly (readonly [string, string])[],
  fix = "npx lathe --help",
): WrongUse {
  return new WrongUse({
    what: word === undefined ? `no ${what} given` : `unknown ${what} "${word}"`,
    expected: expectedWord(
      word ?? "",
      known.map(([name]) => name),
    ),
    fix,
  });
}

function overview(): string {
  return [
    "Lathe deploys model servers to machines you reach by SSH, and measures where a request's time goes.",
    "",
    "usage: npx lathe VERB [options]        npx lathe VERB --help teaches one",
    "",
    "verbs:",
    ...columns(firstWords(VERBS)),
    "",
    "examples:",
    ...columns([
      ["npx lathe demo", "no machines needed"],
      ["npx lathe doctor ubuntu@edge.example", "is a machine of yours ready?"],
      ["npx lathe pulumi stack init edge", "then: config set lathe:host ubuntu@edge.example --stack edge"],
      ["npx lathe up && npx lathe bench", "deploy, and measure"],
    ]),
    "",
    "Results go to stdout, as a table or with --json as a document; progress goes to stderr.",
    "exit codes: 0 fine; 1 found worse or failed; 2 wrong use; 3 inconclusive",
  ].join("\n");
}
