import { type CompletedVerb, firstWords, groups } from "./words.ts";

/**
 * Completion for bash.
 *
 * @param program what prints names of the checkout, quoted for a shell
 */
export function bashScript(verbs: readonly CompletedVerb[], program: string): string {
  const names = (pairs: readonly (readonly [string, string])[]) => pairs.map(([name]) => name).join(" ");
  const branch = (verb: string, words: string) => `        "${verb}") words="${words}" ;;`;
  return `# Completion of lathe for bash. In ~/.bashrc: eval "$(${program} completion bash)"
_lathe() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb at=1 kind="" words="" before=""
  COMPREPLY=()
  if [[ \${COMP_WORDS[0]} == npx ]]; then
    [[ \${COMP_WORDS[1]} == lathe ]] || return 0
    at=2
  fi
  # bash takes --stack=edge for three words.
  if [[ $cur == "=" ]]; then cur=""; elif [[ $prev == "=" ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  verb=\${COMP_WORDS[at]}
  if (( COMP_CWORD == at )); then
    kind="words ${names(firstWords(verbs))}"
  fi
${[...groups(verbs)]
  .map(
    ([group, members]) => `  if [[ $verb == ${group} ]] && (( COMP_CWORD > at )); then
    at=$((at + 1))
    verb="$verb \${COMP_WORDS[at]}"
    if (( COMP_CWORD == at )); then kind="words ${names(members)}"; fi
  fi
`,
  )
  .join("")}  if [[ -z $kind ]]; then
    case "$verb $prev" in
${verbs.flatMap((v) => v.options.filter((o) => o.value).map((o) => `      "${v.name} --${o.name}") kind="${o.value}" ;;`)).join("\n")}
    esac
  fi
  if [[ -z $kind && $cur == -* ]]; then
    case $verb in
${verbs.map((v) => branch(v.name, v.options.map((o) => `--${o.name}`).join(" "))).join("\n")}
    esac
    kind="words $words"
  fi
  if [[ -z $kind ]]; then
    case $verb in
${verbs
  .map((v) =>
    v.actions.length === 0
      ? `        "${v.name}") kind="${v.operands}" ;;`
      : `        "${v.name}") if (( COMP_CWORD == at + 1 )); then kind="words ${names(v.actions)}"; else kind="${v.operands}"; fi ;;`,
  )
  .join("\n")}
    esac
  fi
  case $kind in
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return 0 ;;
    names*) words=$(${program} completion names \${kind#names } 2>/dev/null) ;;
    words*) words=\${kind#words } ;;
  esac
  # Lists have commas between their words.
  if [[ $cur == *,* ]]; then before=\${cur%,*},; cur=\${cur##*,}; fi
  mapfile -t COMPREPLY < <(compgen -P "$before" -W "$words" -- "$cur")
}
complete -F _lathe lathe
complete -o default -F _lathe npx
`;
}
