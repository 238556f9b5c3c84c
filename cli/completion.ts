import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { COMMON, type Command, type Completes, type Options, type Verb, command } from "../lib/cli/spec.ts";
import { print } from "../lib/output.ts";
import { latheProgram, repoRoot } from "../lib/paths.ts";
import { quoteAll } from "../lib/quote.ts";
import { firstWords, membersOf, verbOf } from "./verb-names.ts";

const NAME = "npx lathe completion";

/** What the word at the cursor may become, with what each does; or a file's name. */
type Candidates = readonly (readonly [word: string, about: string])[] | "files";

const SCRIPTS: Readonly<Record<string, (program: string) => string>> = {
  bash: (program) => `# Completion of lathe for bash. In ~/.bashrc: eval "$(${program} completion bash)"
_lathe() {
  COMPREPLY=()
  [[ \${COMP_WORDS[0]} != npx || \${COMP_WORDS[1]} == lathe ]] || return 0
  mapfile -t COMPREPLY < <(${program} completion words -- "\${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null | cut -f 1)
  [[ \${COMPREPLY[0]} == :files ]] || return 0
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]#=}")
}
complete -F _lathe lathe
complete -o default -F _lathe npx
`,
  zsh: (program) => `#compdef lathe
# Completion of lathe for zsh. In ~/.zshrc, below compinit: eval "$(${program} completion zsh)"
_lathe() {
  if [[ $words[1] == npx && $words[2] != lathe ]]; then _default; return; fi
  local -a known=(\${(f)"$(${program} completion words -- "\${(@)words[1,CURRENT]}" 2>/dev/null)"}) space=()
  if [[ $known[1] == :files ]]; then compset -P '--*='; _files; return; fi
  # A list of values may go on.
  if [[ $words[CURRENT-1] == --* || $words[CURRENT] == --*=* ]]; then space=(-S ''); fi
  known=("\${(@)known/$'\\t'/:}")
  _describe lathe known $space
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _lathe "$@"; else compdef _lathe lathe npx; fi
`,
  fish: (program) => `# Completion of lathe for fish. In ~/.config/fish/config.fish: ${program} completion fish | source
function __lathe_words
  set -l known (${program} completion words -- (commandline -opc) (commandline -ct) 2>/dev/null)
  if test "$known[1]" = :files
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $known
  end
end
complete -c lathe -f -a '(__lathe_words)'
complete -c npx -n 'contains -- lathe (commandline -opc)[2]' -f -a '(__lathe_words)'
`,
};

/** `lathe completion`, of these verbs. */
export function completion(verbs: Readonly<Record<string, Verb>>): Command {
  return command(
    {
      name: NAME,
      summary:
        "Prints a script that lets a shell complete verbs, options, and names of stacks, runs, models and experiments.",
      operands: "ACTION",
      actions: {
        bash: "the script for bash (4.4 or newer)",
        zsh: "the script for zsh",
        fish: "the script for fish",
        words: "-- LINE…: what the last word of a command line may become, one a line, as the scripts ask for it",
      },
      most: { bash: 0, zsh: 0, fish: 0 },
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
    },
    async (_values, operands, { action }) => {
      if (action === "words") return printWords(verbs, operands);
      // The program itself, not npx: a word is completed while somebody waits.
      print((SCRIPTS[action]?.(quoteAll([process.execPath, latheProgram])) ?? "").trimEnd());
    },
  );
}

/** Prints the candidates, each with what it does behind a tab; `:files` where a file's name is wanted. */
async function printWords(verbs: Readonly<Record<string, Verb>>, line: readonly string[]): Promise<void> {
  const [program, ...typed] = line;
  const words = program === "npx" ? typed.slice(1) : typed;
  // bash takes --stack=edge for three words.
  const last = words.at(-1) ?? "";
  const apart = words.at(-2) === "=" ? 2 : last === "=" ? 1 : 0;
  const current = apart === 1 ? "" : last;
  const found = await candidates(verbs, words.slice(0, apart === 0 ? -1 : -apart), current);
  const lines = found === "files" ? [":files"] : found.filter(([word]) => word.startsWith(current));
  for (const text of lines) print(typeof text === "string" ? text : text.join("\t"));
}

async function candidates(
  verbs: Readonly<Record<string, Verb>>,
  before: readonly string[],
  current: string,
): Promise<Candidates> {
  const { name, verb, rest } = verbOf(verbs, before);
  if (verb === undefined) {
    if (before.length === 0)
      return [...firstWords(verbs), ["--help", "list the verbs"], ["--version", "print the version"]];
    return before.length === 1 ? membersOf(verbs, name) : [];
  }
  const { spec } = await verb.load();
  const options: Options = spec.passes === undefined ? { ...spec.options, ...COMMON } : {};
  const valueOf = (word: string | undefined) => {
    const option = word?.startsWith("--") ? options[word.slice(2)] : undefined;
    return option?.value === undefined ? undefined : option;
  };
  const [, joined] = /^(--[^=]+)=/.exec(current) ?? [];
  const option = valueOf(joined ?? rest.at(-1));
  if (option !== undefined) {
    // Lists have commas between their words.
    const head = /^(--[^=]+=)?(.*,)?/.exec(current)?.[0] ?? "";
    return named(option.completes ?? [], head);
  }
  if (current.startsWith("-")) return Object.entries(options).map(([word, { help }]) => [`--${word}`, help]);
  if (spec.actions !== undefined && rest.length === 0) return Object.entries(spec.actions);
  return named(spec.completes ?? "files");
}

async function named(completes: Completes, head = ""): Promise<Candidates> {
  if (completes === "files") return "files";
  const words = typeof completes === "string" ? await NAMES[completes]() : completes;
  return words.map((word) => [head + word, ""]);
}

const files = (folder: string) => readdir(join(repoRoot, folder)).catch((): string[] => []);

/** Names of the checkout that complete a word; none asks a machine or an engine. */
const NAMES: Readonly<Record<Exclude<Completes, "files" | readonly string[]>, () => Promise<string[]>>> = {
  /** Stacks with a config file. */
  stacks: async () => (await files(".")).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []),
  /** Runs, the newest first. */
  runs: async () => (await files("runs")).sort().reverse(),
  models: async () => (await files("models/catalogue")).map((file) => basename(file, ".yaml")).sort(),
  /** Experiments of the file that `bench` reads where none is named. */
  experiments: async () => {
    const read = (file: string) => readFile(join(repoRoot, file), "utf8");
    const text = await read("bench.yaml").catch(() => read("bench/matrix/experiments/paper.yaml"));
    const { parse } = await import("yaml");
    const { experiments } = (parse(text, { logLevel: "error" }) ?? {}) as { experiments?: { name?: unknown }[] };
    return (experiments ?? []).flatMap(({ name }) => (typeof name === "string" ? [name] : []));
  },
};
