import { spawn } from "node:child_process";
import { runCommand } from "../lib/cli.ts";
import { UserError } from "../lib/errors.ts";
import { progress } from "../lib/progress.ts";
import { quoteAll } from "../lib/quote.ts";
import { labDown, labStatus, labUp, readLab, setLink } from "./index.ts";
import { defaultLabName } from "./names.ts";
import { hostOf } from "./state.ts";
import { formatLink, formatStatus } from "./status.ts";

const COMMANDS = ["up", "status", "ssh", "link", "down"] as const;

const SPEC = {
  name: "npm run lab --",
  summary:
    "The lab: three hosts on this machine (client, cloud, edge), each with a root, a network, an sshd and a Docker engine of its own, and a registry of images.",
  operands: "up | status | ssh HOST [-- COMMAND] | link HOST | down",
  options: {
    name: {
      type: "string",
      value: "LAB",
      help: "which lab; labs of different names stand side by side (else LATHE_LAB, else lathe)",
    },
    hosts: {
      type: "string",
      value: "A,B",
      help: "up: hosts of these names (default: client,cloud,edge)",
    },
    "delay-ms": {
      type: "string",
      value: "N",
      help: "link: hold every packet back N ms each way; a round trip takes 2N longer",
    },
    "bandwidth-mbit": { type: "string", value: "N", help: "link: let N megabits a second through, each way" },
    clear: { type: "boolean", help: "link: as fast as it goes again" },
    json: { type: "boolean", help: "up, status: print JSON on stdout" },
  },
  details: [
    "up makes what is missing and leaves alone what runs; it can be killed and started again. What it builds (a Debian root, images) stays in the cache, which LATHE_CACHE moves.",
    "down removes the hosts with their processes, mounts, networks and files. LATHE_LAB_DIR says where they lie (default /var/lib/lathe-lab).",
    "ssh: one word after -- is a line for the host's shell; several are a program and its arguments.",
  ],
  examples: [
    ["npm run lab -- up", "make the hosts; about 2 minutes the first time, then seconds"],
    ["npm run lab -- up --name two --hosts left,right", "a second lab, with hosts of your own naming"],
    ["npm run lab -- ssh edge -- nproc", "run a program on the edge host"],
    ["npm run lab -- link edge --delay-ms 20 --bandwidth-mbit 50", "put the edge host 20 ms away"],
    ["npm run lab -- down", "leave nothing behind"],
  ],
} as const;

await runCommand(SPEC, async (values, operands) => {
  const [command, host, ...rest] = operands;
  const name = values.name ?? defaultLabName();
  const out = (text: string) => void process.stdout.write(`${text}\n`);
  switch (command) {
    case "up": {
      const names = values.hosts?.split(",").map((host) => host.trim());
      const lab = await labUp({ name, ...(names && { hosts: names.map((host) => ({ name: host })) }) }, progress());
      out(values.json === true ? JSON.stringify(lab, null, 2) : formatStatus(await labStatus(name)));
      return;
    }
    case "status": {
      const status = await labStatus(name);
      out(values.json === true ? JSON.stringify(status, null, 2) : formatStatus(status));
      return status.hosts.every((h) => h.state === "up") && status.registry.answers ? 0 : 1;
    }
    case "ssh": {
      const lab = await readLab(name);
      const target = hostOf(lab, needHost(host)).name;
      const line = rest.length > 1 ? quoteAll(rest) : rest[0];
      return ssh(["-F", lab.sshConfig, target, ...(line === undefined ? [] : ["--", line])]);
    }
    case "link": {
      const delayMs = readNumber("delay-ms", values["delay-ms"]);
      const bandwidthMbit = readNumber("bandwidth-mbit", values["bandwidth-mbit"]);
      if ((values.clear === true) === (delayMs !== undefined || bandwidthMbit !== undefined)) {
        throw new UserError({ what: "link", expected: "either --clear, or --delay-ms or --bandwidth-mbit or both" });
      }
      if (bandwidthMbit === 0) throw new UserError({ what: "--bandwidth-mbit 0", expected: "more than 0" });
      const link = await setLink(name, needHost(host), { delayMs: delayMs ?? 0, bandwidthMbit: bandwidthMbit ?? null });
      process.stderr.write(`link of ${host}: ${formatLink(link)}\n`);
      return;
    }
    case "down":
      if (!(await labDown(name, progress()))) process.stderr.write(`no lab "${name}" is up\n`);
      return;
    default:
      throw new UserError({
        what: command === undefined ? "no command given" : `unknown command "${command}"`,
        expected: `one of ${COMMANDS.join(", ")}`,
        fix: "npm run lab -- --help",
      });
  }
});

function needHost(host: string | undefined): string {
  if (host !== undefined) return host;
  throw new UserError({
    what: "no host given",
    expected: "one of the lab's hosts: client, cloud or edge, if you named none",
  });
}

function readNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new UserError({ what: `--${option} ${text}`, expected: "a number of 0 or more" });
}

function ssh(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", args, { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 255));
  });
}
