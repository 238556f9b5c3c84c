/** A machine undoes its end of a link after so many seconds without a sign of life from the bench. */
export const LEASE_SECONDS = 30;

/** Seconds between two signs of life. */
export const BEAT_SECONDS = 5;

/** The file in which a machine notes that its end of a link is laid: the device, and who laid it. A restart removes both file and link. */
const MARK = "/run/lathe-link";

/** Undoes an end when the bench gives no sign of life. It goes on after the script and its connection have ended. Arguments: the mark, the lease. */
const GUARD = `
while sleep 2; do
  [ -e "$1" ] || exit 0
  [ $(( $(date +%s) - $(stat -c %Y "$1") )) -gt "$2" ] || continue
  tc qdisc delete dev "$(head -n 1 "$1")" root
  rm -f "$1"
done
`;

/** Runs a script as root. Arguments: the script, then its own. */
export const AS_ROOT = `
if [ "$(id -u)" = 0 ]; then exec sh -euc "$@"; fi
exec sudo -n sh -euc "$@"
`;

/**
 * The program at one end of a link. Arguments: who lays the link, the other end's address, the lease, the guard, then the containers whose
 * networks count as this machine's. Each line of standard input is a command; its output ends with `done`. When the script ends, it
 * undoes what it did. If it is killed, the guard does.
 */
export const HOST_SCRIPT = `
by=$1 other=$2 lease=$3 guard=$4; shift 4
PATH=$PATH:/usr/sbin:/sbin
mark=${MARK}
peer=$(getent ahostsv4 "$other" | awk 'NR == 1 { print $1 }')
dev=
stale() { [ $(( $(date +%s) - $(stat -c %Y "$mark" || echo 0) )) -gt "$lease" ]; }
undo() {
  [ -n "$dev" ] && [ -e "$mark" ] || return 0
  tc qdisc delete dev "$dev" root >/dev/null 2>&1 || :
  rm -f "$mark"
  dev=
}
fail() { printf 'failed %s\\n' "$(printf %s "$*" | tr '\\n' ' ' | head -c 300)"; }
begin() {
  [ -n "$peer" ] || { fail "$other has no IPv4 address: links are laid over IPv4"; return 0; }
  at=$(ip -o -4 route get "$peer" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
  [ -n "$at" ] || { fail "no route leads to $other ($peer)"; return 0; }
  waited=0
  while [ -e "$mark" ] && ! stale; do
    [ "$waited" -le "$lease" ] || { fail "another bench ($(tail -n 1 "$mark")) has laid a link here"; return 0; }
    sleep 1; waited=$((waited + 1))
  done
  if [ -e "$mark" ]; then
    printf 'left %s\\n' "$(tail -n 1 "$mark" | head -c 200)"
    tc qdisc delete dev "$(head -n 1 "$mark")" root >/dev/null 2>&1 || :
  fi
  root=$(tc qdisc show dev "$at" | awk '/ root / { print $3; exit }')
  case $root in
    "" | 0:) ;;
    *) fail "device $at has a queueing discipline that is not Lathe's ($root)"; return 0 ;;
  esac
  dev=$at
  printf '%s\\n%s\\n' "$dev" "$by" > "$mark"
  setsid sh -c "$guard" lathe "$mark" "$lease" </dev/null >/dev/null 2>&1 &
}
# A route may have its own congestion control; otherwise the network's default counts.
control() {
  "$@" ip tcp_metrics flush all >/dev/null 2>&1 || :
  of=$("$@" ip -o -4 route get "$peer" 2>/dev/null | sed -n 's/.* congctl \\([^ ]*\\).*/\\1/p')
  printf 'control %s\\n' "\${of:-$("$@" cat /proc/sys/net/ipv4/tcp_congestion_control)}"
}
forget() {
  control env
  for container do
    pid=$(docker container inspect --format '{{.State.Pid}}' "$container" 2>/dev/null) || continue
    [ "$pid" != 0 ] || continue
    control nsenter -t "$pid" -n
  done
}
echo ready
trap undo EXIT
trap 'exit 0' HUP INT TERM PIPE
set -f
while read -r word rest; do
  case $word in
    beat) [ -z "$dev" ] || touch "$mark"; continue ;;
    begin) begin ;;
    tc)
      rest=$(printf %s "$rest" | sed "s|@dev|$dev|g; s|@peer|$peer|g")
      said=$(tc $rest 2>&1) || fail "$said" ;;
    undo) undo ;;
    forget) forget "$@" ;;
    ping) ping -n $rest "$peer" 2>&1 | awk '
      / time=/ { sub(/.* time=/, ""); print "rtt", $1; found = 1; next }
      { last = $0 }
      END { if (!found) print "failed", last }' ;;
    train) ping -n -D $rest "$peer" 2>&1 | awk '
      / time=/ && match($0, /^.[0-9.]+/) {
        n++; at[n] = substr($0, 2, RLENGTH - 1)
        match($0, /icmp_seq=[0-9]+/); number[n] = substr($0, RSTART + 9, RLENGTH - 9) }
      END { h = int(n / 2); if (h > 2) print "train", number[h], at[h], number[n], at[n] }' ;;
  esac
  echo done
done
`;

/** The script's arguments before the containers. */
export const hostArgs = (by: string, other: string, leaseSeconds: number): string[] => [
  ...[by, other, String(leaseSeconds), GUARD],
];
