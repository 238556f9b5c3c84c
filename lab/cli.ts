import { command } from "../lib/cli/spec.ts";
import { OPTIONS } from "./options.ts";

export const lab = command(
  {
    name: "npx lathe lab",
    summary:
      "Makes hosts on this machine (client, cloud, edge), each with a root, a network, an sshd and a Docker engine of its own, and " +
      "one registry of images for all.",
    operands: "ACTION",
    actions: {
      up: "make what is missing, and keep what runs; needs root",
      status: "hosts, cores, CPU share, Docker, link",
      ssh: "HOST [-- COMMAND]: a shell on that host, or one command",
      link: "HOST: set its network's delay and bandwidth",
      down: "remove the hosts with their processes, mounts, networks and files",
    },
    most: { up: 0, status: 0, link: 1, down: 0 },
    options: OPTIONS,
    details: [
      "What it builds (a Debian root, images) stays in the cache (LATHE_CACHE). The hosts are in LATHE_LAB_DIR (default: " +
        "/var/lib/lathe-lab).",
    ],
    examples: [
      ["npx lathe lab up", "about 2 minutes the first time, then seconds"],
      ["npx lathe lab ssh edge -- nproc", "run a program on the edge host"],
      ["npx lathe lab link edge --delay-ms 20 --bandwidth-mbit 50", "put the edge host 20 ms away"],
      ["npx lathe lab down", "leave nothing behind"],
    ],
    exits: { 0: "done; status: all is up", 1: "failed; status: something is not up; ssh: the command's own code" },
  },
  async (values, operands, { action }) => (await import("./command.ts")).labCommand(action, values, operands),
);
