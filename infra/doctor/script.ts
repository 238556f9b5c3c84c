import { FACTS_SCRIPT } from "../hosts/facts/facts-script.ts";

/**
 * What a host tells a doctor beyond its facts, in the same manner: read-only, one SSH call, sections that are judged here
 * and not there.
 */
export const DOCTOR_SCRIPT = `${FACTS_SCRIPT}${String.raw`
doctor() {
  section sudo
  if [ "$(id -u)" = 0 ]; then echo root
  elif ! command -v sudo >/dev/null 2>&1; then echo none
  elif sudo -n true 2>/dev/null; then echo free
  else echo password; fi
  section disk-docker
  at=; [ "$code" != 0 ] || at=$($limit docker info --format '{{.DockerRootDir}}' 2>/dev/null); [ -n "$at" ] || at=/var/lib/docker
  while [ ! -d "$at" ]; do at=${"$"}{at%/*}; [ -n "$at" ] || at=/; done
  df -Pk "$at"
  section disk-home; df -Pk .
  section available; grep '^MemAvailable' /proc/meminfo
  section load; cat /proc/loadavg
  section listeners; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null
  section containers; [ "$code" != 0 ] || $limit docker ps --format '{{.Names}}|{{.Label "org.lathe.owner"}}|{{.Ports}}' 2>/dev/null
  section governor; cat /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor 2>/dev/null | sort | uniq -c
  section turbo
  say /sys/devices/system/cpu/intel_pstate/no_turbo no_turbo
  say /sys/devices/system/cpu/cpufreq/boost boost
  section doctor-end
}
doctor </dev/null
`}`;
