import { ID_LABEL, SERVER_LABEL, TUNE_LABEL } from "../../infra/hosts/labels.ts";

/** After so many minutes without a sign of life, the machine removes the variants by itself. A dead connection may not be noticed. */
export const LEASE_MINUTES = 3;

/**
 * The program on the machine while a tuning lasts. It lets one variant run at a time. Arguments: the folder of the tuning, who tunes, the
 * labels of the server, then each deployed container of the stack and its mark (infra/hosts/frozen.ts).
 *
 * First it prints who has frozen a container (`left`) or tunes here (`lease`), and waits for `begin`. Then it removes what an earlier
 * tuning has left, and freezes the deployed containers. Lines of standard input are `turn NAME…` (from now on only these containers of a variant
 * run; `turn` alone: none), `remove NAME…`, `beat` and `end`. Whatever ends it, it thaws the deployed containers and removes all variants; so it does
 * after `LEASE_MINUTES` without a line. If it was not ended by `end`, it looks again after some seconds, because a `docker create` may have been
 * under way.
 */
export const KEEPER_SCRIPT = `
folder=$1 by=$2 id=$3 server=$4; shift 4
state() { docker container inspect --format '{{.State.Status}}' "$1" 2>/dev/null || echo gone; }
variants() { docker ps -aq --filter "label=${TUNE_LABEL}" --filter "label=${ID_LABEL}=$id" --filter "label=${SERVER_LABEL}=$server"; }
sweep() {
  ids=$(variants || true)
  [ -z "$ids" ] || docker rm -f -v $ids >/dev/null 2>&1 || true
}
pause() {
  [ "$(state "$1")" = running ] || return 0
  said=$(docker pause "$1" 2>&1) && return 0
  [ "$(state "$1")" != running ] || printf 'failed %s %s\\n' "$1" "$(printf %s "$said" | tr '\\n' ' ' | head -c 300)"
}
resume() {
  said=$(docker unpause "$1" 2>&1) && return 0
  [ "$(state "$1")" = running ] || printf 'failed %s %s\\n' "$1" "$(printf %s "$said" | tr '\\n' ' ' | head -c 300)"
}
all() {
  what=$1 begun=; shift
  for one in "$@"; do $what "$one" & begun="$begun $!"; done
  for one in $begun; do wait "$one" || true; done
}
wake() { [ "$(state "$1")" != paused ] || resume "$1"; }
thaw() {
  while [ $# -gt 1 ]; do
    if [ -e "$2" ]; then
      [ "$(state "$1")" != paused ] || docker unpause "$1" >/dev/null 2>&1 || true
      rm -f "$2"
    fi
    shift 2
  done
}
freeze() {
  while [ $# -gt 1 ]; do
    if [ "$(state "$1")" = running ]; then
      printf '%s\\n' "$by" > "$2"
      pause "$1"
    fi
    shift 2
  done
}
left() {
  while [ $# -gt 1 ]; do
    [ ! -e "$2" ] || printf 'left %s %s\\n' "$1" "$(head -c 200 "$2" | head -n 1)"
    shift 2
  done
}
fresh() { [ -n "$(find "$folder/.lease" -mmin -${LEASE_MINUTES} 2>/dev/null)" ]; }
restore() {
  thaw "$@"
  sweep
  rm -rf "$folder"
}
left "$@"
! fresh || printf 'lease %s\\n' "$(head -c 200 "$folder/.lease" | head -n 1)"
echo ready
read -r line || exit 0
[ "$line" = begin ] || exit 0
umask 022
( while sleep 15; do fresh || { restore "$@"; kill -9 $$; exit; }; done ) </dev/null >/dev/null 2>&1 &
watch=$!
well=
ended() {
  trap '' HUP INT TERM PIPE
  kill "$watch" 2>/dev/null || true
  restore "$@"
  [ -n "$well" ] || { sleep 3; sweep; }
}
trap 'ended "$@"' EXIT
trap 'exit 0' HUP INT TERM PIPE
rm -rf "$folder"; mkdir -p "$folder"; printf '%s\\n' "$by" > "$folder/.lease"
thaw "$@"
sweep
freeze "$@"
echo begun
runs=
while read -r word names; do
  touch "$folder/.lease"
  case $word in
    turn)
      if [ "$runs" != "$names" ]; then
        all pause $runs
        runs=$names
        all wake $runs
      fi
      echo turned ;;
    remove)
      docker rm -f -v $names >/dev/null 2>&1 || true
      [ "$runs" != "$names" ] || runs=
      echo removed ;;
    end) well=yes; exit 0 ;;
  esac
done
`;
