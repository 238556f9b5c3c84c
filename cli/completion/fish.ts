import { type CompletedVerb, type Kind, firstWords, groups } from "./words.ts";

const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/**
 * Completion for fish.
 *
 * @param program what prints names of the checkout, quoted for a shell
 */
export function fishScript(verbs: readonly CompletedVerb[], program: string): string {
  const line = (condition: string, ...rest: string[]) =>
    `  complete -c $program -n ${quote(condition)} ${rest.join(" ")}`;
  const offers = (condition: string, pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([word, about]) => line(condition, "-f", "-a", quote(word), "-d", quote(about)));
  return `# Completion of lathe for fish. In ~/.config/fish/config.fish: ${program} completion fish | source
function __lathe_words
  set -l words (commandline -opc)
  test "$words[1]" = npx; and set -e words[1]
  test (basename -- "$words[1]") = lathe; or return 1
  set -e words[1]
  test (count $words) -eq 0; or printf '%s\\n' $words
end
# Whether the words before the cursor begin with these; with a number in front: and are so many.
function __lathe_at
  set -l words (__lathe_words); or return 1
  set -l count
  if string match -qr '^[0-9]+$' -- "$argv[1]"
    test (count $words) -eq $argv[1]; or return 1
    set -e argv[1]
  end
  for i in (seq (count $argv))
    test "$words[$i]" = "$argv[$i]"; or return 1
  end
end
function __lathe_names
  ${program} completion names $argv[1] 2>/dev/null
end
for program in lathe npx
${[
  ...offers("__lathe_at 0", firstWords(verbs)),
  ...[...groups(verbs)].flatMap(([group, members]) => offers(`__lathe_at 1 ${group}`, members)),
  ...verbs.flatMap((v) => [
    ...v.options.map((o) => line(`__lathe_at ${v.name}`, "-l", o.name, valueOf(o.value), "-d", quote(o.about))),
    ...offers(`__lathe_at ${v.name.split(" ").length} ${v.name}`, v.actions),
    ...(v.operands === "files" ? [] : [line(`__lathe_at ${v.name}`, wordsOf(v.operands))]),
  ]),
].join("\n")}
end
`;
}

/** How an option's value is completed. */
function valueOf(kind: Kind | undefined): string {
  if (kind === undefined) return "-f";
  return kind === "files" ? "-r -F" : `-r ${wordsOf(kind)}`;
}

function wordsOf(kind: Kind): string {
  const [how, ...words] = kind.split(" ");
  if (how === "names") return `-f -a ${quote(`(__lathe_names ${words.join(" ")})`)}`;
  return how === "words" ? `-f -a ${quote(words.join(" "))}` : "-f";
}
