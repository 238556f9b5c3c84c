import { containersOf, type Server } from "../../infra/outputs.ts";
import { frozenMark } from "../../infra/hosts/frozen.ts";

/** Where it is noted on its machine that a bench has frozen a server. */
export const markOf = ({ workspace, container }: Pick<Server, "workspace" | "container">): string =>
  frozenMark(workspace, container);

/** Each container of some servers and its mark, as arguments of the program below. */
export const marksOf = (servers: readonly Server[]): string[] =>
  servers.flatMap(containersOf).flatMap((one) => [one.container, markOf(one)]);

/**
 * Arguments: who freezes, then each container and its mark. Says which servers are marked (`left`), waits for `begin` and thaws
 * those. Then each line of standard input has the containers that run from now on, while the others are frozen. Whatever ends it, it thaws
 * all that it has frozen. A mark is there before its container is frozen, and until it is thawed: what nobody marked, a person
 * paused, and that stays so.
 */
export const FREEZE_SCRIPT = `
by=$1; shift
state() { docker container inspect --format '{{.State.Status}}' "$1" 2>/dev/null || echo gone; }
freeze() {
  [ "$(state "$1")" = running ] || return 0
  printf '%s\\n' "$by" > "$2" || return 0
  said=$(docker pause "$1" 2>&1) && return 0
  rm -f "$2"
  # One that ended meanwhile takes no processor either.
  [ "$(state "$1")" != running ] || printf 'failed %s %s\\n' "$1" "$(printf %s "$said" | tr '\\n' ' ' | head -c 300)"
}
thaw() {
  [ -e "$2" ] || return 0
  [ "$(state "$1")" != paused ] || docker unpause "$1" >/dev/null 2>&1 || true
  rm -f "$2"
}
each() {
  what=$1 own=$2; shift 2
  while [ $# -gt 1 ]; do
    case $what in
      left) [ ! -e "$2" ] || printf 'left %s %s\\n' "$1" "$(head -c 200 "$2" | head -n 1)" ;;
      freeze) case " $own " in *" $1 "*) ;; *) freeze "$1" "$2" ;; esac ;;
      thaw) case " \${own:-$1} " in *" $1 "*) thaw "$1" "$2" ;; esac ;;
    esac
    shift 2
  done
}
each left "" "$@"
echo ready
read -r line || exit 0
[ "$line" = begin ] || exit 0
trap 'each thaw "" "$@"' EXIT
trap 'exit 0' HUP INT TERM PIPE
each thaw "" "$@"
echo begun
while read -r line; do
  each freeze "$line" "$@"
  each thaw "$line" "$@"
  echo turned
done
`;
