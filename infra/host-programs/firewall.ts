import { z } from "zod";
import { mustRunOn, script } from "../hosts/connection/remote.ts";
import { chainName, firewallRules, ruleComment, secondDoor } from "../access/firewall-rules.ts";
import { ROOT_SCRIPT, RULES_SCRIPT } from "../hosts/firewall.ts";
import { Owned } from "../ownership/spec.ts";
import { resourceProgram } from "./program.ts";

/** Who is let at a server's ports. */
export const FirewallSpec = Owned.extend({
  bridge: z.string().min(1).max(15),
  ports: z.array(z.number().int().positive()).min(1),
  bind: z.array(z.string()).min(1),
  allow: z.array(z.string()),
  /** The host's boot: rules are gone after the next one. */
  boot: z.string(),
  /** File on the host, absolute, that says how often the rules were set, and what they were then. */
  note: z.string().startsWith("/"),
  setting: z.number().int().positive(),
});

/** iptables is for root alone, and not on everyone's PATH. A table that the kernel has not is passed over. */
const AS_ROOT = `
${ROOT_SCRIPT}
tool=$1 table=$2 chain=$3; shift 3
if ! command -v "$tool" >/dev/null; then
  echo "no $tool there: install it (sudo apt-get install iptables), or use lathe:expose tunnel" >&2; exit 1
fi
if ! $sudo true 2>/dev/null; then
  echo "firewall rules (lathe:allowFrom; before Docker 28 lathe:expose tunnel, too) need root, or sudo without a password" >&2
  exit 1
fi
rules() { $sudo "$tool" -w -t "$table" "$@"; }
[ "$table" = filter ] || rules -S FORWARD >/dev/null 2>&1 || exit 0
jumps() { rules -S | grep -- "-j $chain\\$" || true; }
remove() { while read -r line; do printf '%s\\n' "\${line#-A }" | xargs $sudo "$tool" -w -t "$table" -D; done; }
`;

/**
 * The chain is filled before anything leads into it, and a new way in is there before the old one goes. Docker leaves its
 * chain DOCKER-USER as it is when it starts. Where it has none (iptables: false), or nothing leads there (somebody has
 * flushed FORWARD), FORWARD leads into ours by itself.
 */
const APPLY = `${AS_ROOT}
$sudo "$tool-restore" -w --noflush
old=$(jumps)
ask() { rules "$@" >/dev/null 2>&1; }
for jump in "$@"; do
  if [ "\${jump%% *}" != DOCKER-USER ] || ask -S DOCKER-USER; then rules -I $jump; fi
  if [ "\${jump%% *}" = DOCKER-USER ] && ! ask -C FORWARD -j DOCKER-USER; then
    rules -I FORWARD \${jump#* }
  fi
done
[ -z "$old" ] || printf '%s\\n' "$old" | remove
`;

/** What is there now is noted, and the next \`up\` sees whether it still is: guard.ts. */
const NOTE = `
${ROOT_SCRIPT}
note=$1 chain=$2 head=$3
[ -d "\${note%/*}" ] || exit 0
{ printf '%s\\n' "$head"; ${RULES_SCRIPT}; } > "$note.new"
mv "$note.new" "$note"
`;

/**
 * Ways in go by their comment: the same machine under another spelling of `lathe:host` has the same chain, and must keep it
 * when the old spelling's resources go.
 */
const REMOVE = `
command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || exit 0
${AS_ROOT}
jumps | { grep -F -e "$1" || true; } | remove
[ -z "$(jumps)" ] || exit 0
[ -z "$2" ] || rm -f "$2"
rules -F "$chain" 2>/dev/null || exit 0
rules -X "$chain"
`;

export const program = resourceProgram(
  FirewallSpec,
  async (action, spec) => {
    const { target, note, setting, boot } = spec;
    const chain = chainName(spec.bridge);
    // As iptables prints it, with quotes or without.
    const own = [`"${ruleComment(spec)}"`, ruleComment(spec)].map((comment) => `--comment ${comment} `);
    // The second door first: while the other is changed, it stands.
    for (const { tool, table, restore, jumps } of [secondDoor(spec), ...firewallRules(spec)]) {
      // A jump's words hold no spaces: the shell takes them apart again.
      const words = jumps.map((jump) => jump.join(" "));
      if (action === "create" && jumps.length > 0)
        await mustRunOn(target, script(APPLY, tool, table, chain, ...words), "set firewall rules", { input: restore });
      else {
        // The note goes with the one that always has a way in.
        const noteToo = action === "delete" && tool === "iptables" && table === "filter" ? note : "";
        const remove = script(REMOVE, tool, table, chain, own.join("\n"), noteToo);
        await mustRunOn(target, remove, "remove firewall rules");
      }
    }
    if (action === "create")
      await mustRunOn(target, script(NOTE, note, chain, `${setting} ${boot}`), "note firewall rules");
  },
  ({ bridge }) => `iptables chain ${chainName(bridge)}`,
);
