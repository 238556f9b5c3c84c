/** Shell: `$sudo` before a command makes it root's, where the user is root or needs no password; root's programs are found. */
export const ROOT_SCRIPT = `PATH=$PATH:/usr/sbin:/sbin; sudo=; [ "$(id -u)" = 0 ] || sudo="sudo -n"`;

/** Where a host's rules for one server are to be found: their chain, and what was noted of them when they were set. */
export interface GuardPlace {
  readonly chain: string;
  /** A file; relative to the SSH user's home unless it begins with a slash. */
  readonly note: string;
}

/** What a host says of its firewall, where a config asks for one. */
export interface HostFirewall {
  /** Whether rules can be set: it takes iptables and root, and an engine without root has no use for them. */
  readonly may: "yes" | "no-root" | "no-iptables" | "rootless";
  /** Rules as they are, `iptables -A …` each: those of Lathe's chains, and whether anything leads into Docker's own. */
  readonly now: readonly string[];
  /** By chain: how often its rules had to be set and the boot they are of, then the rules as they were set. */
  readonly noted: Readonly<Record<string, readonly string[]>>;
}

/** Shell: the rules that name `$chain`, in both tables, and the jump into Docker's own chain, as they are now. */
export const RULES_SCRIPT = `for tool in iptables ip6tables "iptables -t security"; do
  $sudo $tool -w -S 2>/dev/null | grep -e "$chain" -e '^-A FORWARD -j DOCKER-USER$' | sed "s/^/$tool /"
done`;

/**
 * Shell lines of the facts script, given a chain and a note for each server that may be guarded; `parseFirewall` reads what
 * they print. Where there is none, nobody is asked for root. `$code` is 0 if the engine has answered before.
 */
export const GUARD_SCRIPT = String.raw`
  [ $# = 0 ] || (
    ${ROOT_SCRIPT}
    if [ "$code" = 0 ] && $limit docker info --format '{{.SecurityOptions}}' 2>/dev/null | grep -q name=rootless
    then echo 'may rootless'
    elif ! command -v iptables >/dev/null; then echo 'may no-iptables'
    elif ! $sudo true 2>/dev/null; then echo 'may no-root'
    else echo 'may yes'; chain=LATHE-; { ${RULES_SCRIPT}; } | sed 's/^/now /'
    fi
    while [ $# -gt 1 ]; do [ ! -r "$2" ] || sed "s/^/noted $1 /" < "$2"; shift 2; done
  )
`;

/** What `GUARD_SCRIPT` printed; undefined if it was not asked. Pure. */
export function parseFirewall(text: string): HostFirewall | undefined {
  const may = /^may (yes|no-root|no-iptables|rootless)$/m.exec(text)?.[1];
  if (may === undefined) return undefined;
  // A map first: what a host calls a chain may be called as what every object has.
  const noted = Map.groupBy(text.matchAll(/^noted (\S+) (.*)$/gm), ([, chain = ""]) => chain);
  return {
    may: may as HostFirewall["may"],
    now: [...text.matchAll(/^now (.*)$/gm)].map((m) => m[1] ?? ""),
    noted: Object.fromEntries([...noted].map(([chain, lines]) => [chain, lines.map((m) => m[2] ?? "")])),
  };
}
