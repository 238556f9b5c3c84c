/*
 * Controllers of control groups (cgroups): what sets a container's limits. A kernel may have one switched off (Raspberry Pi OS
 * has no memory controller as it comes), or not hand it on to an engine that runs without root or in a container itself. Docker
 * then leaves the limit out, without an error.
 */

/** Those that Lathe sets limits by, as cgroups and kernel parameters name them. */
export const CONTROLLERS = ["memory", "cpuset", "pids"] as const;
export type Controller = (typeof CONTROLLERS)[number];

const WITHOUT: Readonly<Record<Controller, string>> = {
  memory: "has no memory limit (lathe:memoryMiB)",
  cpuset: "is not pinned to CPUs or memory nodes (pin in lathe:settings)",
  pids: "has no limit of processes (lathe:pidsLimit)",
};

/** What holds for a container on a machine whose engine cannot use a controller: follows on the container's name. */
export function withoutController(controller: Controller): string {
  return WITHOUT[controller];
}

/** How a controller is switched on, for people. */
export function switchOn(controller: Controller): string {
  const words = `cgroup_enable=${controller}${controller === "memory" ? " cgroup_memory=1" : ""}`;
  return (
    `add ${words} to the kernel's command line (Raspberry Pi OS: /boot/firmware/cmdline.txt, or /boot/cmdline.txt, in its one ` +
    "line; with GRUB: GRUB_CMDLINE_LINUX in /etc/default/grub, then sudo update-grub), and reboot. If the machine is a " +
    `container, or its engine runs without root: have the controller ${controller} delegated to it`
  );
}
