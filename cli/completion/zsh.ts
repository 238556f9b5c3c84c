import { type CompletedVerb, firstWords, groups } from "./words.ts";

/** Words with what each does, as an array of `_describe`. */
function described(pairs: readonly (readonly [string, string])[]): string {
  const text = (part: string) => part.replaceAll(":", "\\:").replaceAll("'", "'\\''");
  return `(${pairs.map(([word, about]) => `'${text(word)}:${text(about)}'`).join(" ")})`;
}

/**
 * Completion for zsh.
 *
 * @param program what prints names of the checkout, quoted for a shell
 */
export function zshScript(verbs: readonly CompletedVerb[], program: string): string {
  return `#compdef lathe
# Completion of lathe for zsh. In ~/.zshrc, below compinit: eval "$(${program} completion zsh)"
_lathe() {
  local at=2 cur=$words[CURRENT] prev=$words[CURRENT-1] verb kind=""
  local -a known
  if [[ $words[1] == npx ]]; then
    if [[ $words[2] != lathe || $CURRENT -lt 3 ]]; then _default; return; fi
    at=3
  fi
  if [[ $cur == --*=* ]]; then prev=\${cur%%=*}; cur=\${cur#*=}; compset -P '*='; fi
  verb=$words[at]
  if (( CURRENT == at )); then
    known=${described(firstWords(verbs))}
    _describe verb known
    return
  fi
${[...groups(verbs)]
  .map(
    ([group, members]) => `  if [[ $verb == ${group} ]]; then
    at=$((at + 1))
    verb="$verb $words[at]"
    if (( CURRENT == at )); then
      known=${described(members)}
      _describe verb known
      return
    fi
  fi
`,
  )
  .join("")}  case "$verb $prev" in
${verbs.flatMap((v) => v.options.filter((o) => o.value).map((o) => `    '${v.name} --${o.name}') kind='${o.value}' ;;`)).join("\n")}
  esac
  if [[ -z $kind && $cur == -* ]]; then
    case $verb in
${verbs.map((v) => `      '${v.name}') known=${described(v.options.map((o) => [`--${o.name}`, o.about]))} ;;`).join("\n")}
    esac
    _describe -o option known
    return
  fi
  if [[ -z $kind ]]; then
    case $verb in
${verbs
  .map((v) => {
    const operands = `kind='${v.operands}'`;
    if (v.actions.length === 0) return `      '${v.name}') ${operands} ;;`;
    return `      '${v.name}') if (( CURRENT == at + 1 )); then known=${described(v.actions)}; _describe action known; return; fi; ${operands} ;;`;
  })
  .join("\n")}
    esac
  fi
  case $kind in
    files) _files; return ;;
    names*) known=(\${(f)"$(${program} completion names \${kind#names } 2>/dev/null)"}) ;;
    words*) known=(\${=kind#words }) ;;
    *) _message value; return ;;
  esac
  # Lists have commas between their words.
  compset -P '*,'
  compadd -S '' -a known
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _lathe "$@"; else compdef _lathe lathe npx; fi
`;
}
