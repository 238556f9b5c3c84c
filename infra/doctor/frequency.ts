import type { Check } from "./connection.ts";
import type { Examination } from "./parse.ts";

/* What keeps a CPU's clock from being the same all the time. */

/** Who sets the CPUs' clock. */
export function governor({ governors }: Examination): Check {
  if (governors.length === 0) {
    return {
      check: "CPU governor",
      verdict: "ok",
      found: "none: a virtual machine, or a clock that the system does not set",
    };
  }
  const found = governors.map(({ governor: name, cpus }) => `${name} (${cpus} CPUs)`).join(", ");
  if (governors.every((g) => g.governor === "performance")) return { check: "CPU governor", verdict: "ok", found };
  return {
    check: "CPU governor",
    verdict: "note",
    found,
    fix: "for steady times: echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
  };
}

/** Whether the clock may rise above its nominal rate for a while. */
export function turbo({ turbo: on }: Examination): Check {
  if (on === undefined) return { check: "turbo", verdict: "ok", found: "not told: a virtual machine, or none" };
  if (!on) return { check: "turbo", verdict: "ok", found: "off" };
  return {
    check: "turbo",
    verdict: "note",
    found: "on: the clock depends on load and temperature",
    fix:
      "for steady times: echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo (Intel), " +
      "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost (others)",
  };
}
