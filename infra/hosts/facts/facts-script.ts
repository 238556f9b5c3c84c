import { ENGINE_SECONDS } from "../../deadlines.ts";
import { GUARD_SCRIPT } from "../firewall.ts";
import { LOGIN_SCRIPT } from "../login.ts";

/**
 * The script that a host runs to tell its facts: plain POSIX sh, read-only, one SSH call. It prints sections, each
 * `@@name` on a line of its own and then what the host said, unjudged: `parseMachine` decides what it means.
 *
 * The host's own limits are those of its first process and of every cgroup above it, because that is what the Docker
 * engine runs under: the SSH session has limits of its own (`user.slice`) that containers do not share. Where /proc/1 is
 * hidden, the session's own are read instead.
 *
 * Its arguments are of servers that the host's firewall may guard, a chain and a note each (firewall.ts).
 */
export const FACTS_SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
section() { printf '@@%s\n' "$1"; }
show() { [ -r "$1" ] && printf '%s %s\n' "$2" "$(tr '\n' ' ' < "$1" 2>/dev/null)"; }
# The same for a file of one line, without a process for each: large machines have hundreds of CPUs.
say() { { read -r value < "$1"; } 2>/dev/null && printf '%s %s\n' "$2" "$value"; }
# An engine that hangs takes a connection and never answers.
limit=; command -v timeout >/dev/null && command -v docker >/dev/null && limit='timeout ${ENGINE_SECONDS}'
first=/proc/1; [ -r /proc/1/cgroup ] || first=/proc/self

# Prints the named limit files of one cgroup folder and of every folder above it, up to the mount point.
climb() {
  root=$1; at=$1$2; shift 2
  [ -d "$at" ] || at=$root
  while :; do
    for file in "$@"; do show "$at/$file" "$file"; done
    [ "$at" = "$root" ] && break
    at=${"$"}{at%/*}
  done
}

facts() {
  section hostname; uname -n
  section machine-id; cat /etc/machine-id 2>/dev/null
  section os; ( . /etc/os-release && printf '%s\n' "$PRETTY_NAME" ) 2>/dev/null
  section kernel; uname -r
  section arch; uname -m
  section home; cd && pwd -P
  section user; id -un
  # First of all that asks the engine: the rest does not ask one that hangs.
  section docker
  $limit docker version --format '{{.Server.Version}} {{.Server.APIVersion}}
arch {{.Server.Arch}}
{{range .Server.Components}}component {{.Name}}
{{end}}' 2>&1; code=$?; printf 'exit %s\n' "$code"
  # Who it is that is called docker: Podman does what it can to look like it.
  section command; [ "$code" = 127 ] || {
    at=$(command -v docker); readlink -f "$at"; head -c 1000 "$at" | tr -cd '[:print:]\n'
  } 2>/dev/null | grep -o podman
  section storage; [ "$code" != 0 ] || $limit docker info --format '{{.Driver}}
memory {{.MemoryLimit}}
cpuset {{.CPUSet}}
pids {{.PidsLimit}}' 2>/dev/null
  section login; ${LOGIN_SCRIPT}
  section firewall; ${GUARD_SCRIPT}
  section lscpu; lscpu -a -p=CPU,CORE,SOCKET,NODE,ONLINE 2>&1
  section siblings
  grep -H . /sys/devices/system/cpu/cpu[0-9]*/topology/thread_siblings_list 2>/dev/null |
    sed 's:^.*/cpu\([0-9]*\)/topology/thread_siblings_list\:\(.*\)$:\1 \2:'
  section model; lscpu 2>/dev/null | grep -i '^ *model name'
  section allowed; grep -E '^(Cpus|Mems)_allowed_list' "$first/status"
  section kinds
  show /sys/devices/cpu_core/cpus performance
  show /sys/devices/cpu_atom/cpus efficiency
  show /sys/devices/cpu_lowpower/cpus efficiency
  for cpu in /sys/devices/system/cpu/cpu[0-9]*; do say "$cpu/cpu_capacity" "capacity ${"$"}{cpu##*/cpu}"; done
  section memory; grep '^MemTotal' /proc/meminfo
  section nodes; cat /sys/devices/system/node/node[0-9]*/meminfo 2>/dev/null | grep MemTotal
  section cgroup2
  for mount in /sys/fs/cgroup /sys/fs/cgroup/unified; do
    [ -r "$mount/cgroup.controllers" ] || continue
    climb "$mount" "$(sed -n 's/^0:://p' "$first/cgroup" | sed 's:/$::')" cpu.max memory.max
  done
  section cgroup1
  for controller in cpu memory; do
    path=$(sed -n "s/^[0-9]*:\(.*,\)\{0,1\}$controller\(,[^:]*\)\{0,1\}://p" "$first/cgroup" | head -n 1 | sed 's:/$::')
    [ -d "/sys/fs/cgroup/$controller" ] || continue
    climb "/sys/fs/cgroup/$controller" "$path" cpu.cfs_quota_us cpu.cfs_period_us memory.limit_in_bytes
  done
  section end
}
facts "$@" </dev/null
`;
