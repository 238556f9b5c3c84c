import { spawn } from "node:child_process";
import { printResult } from "../lib/cli/result.ts";
import type { Values } from "../lib/cli/spec.ts";
import { readValues } from "../lib/cli/values.ts";
import { WrongUse } from "../lib/errors.ts";
import { progress } from "../lib/progress.ts";
import { quoteAll } from "../lib/quote.ts";
import type { OPTIONS } from "./options.ts";
import { labDown, labStatus, labUp, readLab, setLink } from "./index.ts";
import { defaultLabName } from "./names.ts";
import { formatLink, formatStatus } from "./status.ts";

const NAME = "npx lathe lab";

type LabValues = Values<typeof OPTIONS>;

/** `lathe lab`. */
export async function labCommand(
  action: string,
  values: LabValues,
  operands: readonly string[],
): Promise<number | void> {
  const name = values.name ?? defaultLabName();
  if (action === "ssh") return ssh(name, operands);
  if (action === "link") return link(name, values, operands);
  noOperands(action, operands);
  if (action === "up") return up(name, values);
  if (action === "status") return status(name, values.json);
  if (!(await labDown(name, progress()))) process.stderr.write(`no lab "${name}" is up\n`);
}

async function up(name: string, values: LabValues): Promise<void> {
  const read = readValues(NAME);
  const hosts = read.list("hosts", values.hosts);
  read.end();
  await labUp({ name, ...(hosts && { hosts: hosts.map((host) => ({ name: host })) }) }, progress());
  await status(name, values.json);
}

async function status(name: string, json: boolean | undefined): Promise<number> {
  const now = await labStatus(name);
  printResult(
    json,
    () => formatStatus(now),
    () => ({ schema: "lathe.lab/1", ...now }),
  );
  return now.hosts.every((h) => h.state === "up") && now.registry.answers ? 0 : 1;
}

async function link(name: string, values: LabValues, operands: readonly string[]): Promise<void> {
  const [host, ...more] = operands;
  noOperands("link HOST", more);
  const read = readValues(NAME);
  const number = (option: "delay-ms" | "bandwidth-mbit") =>
    values[option] === undefined ? undefined : read.number(option, values[option], 0);
  const [delayMs, bandwidthMbit] = [number("delay-ms"), number("bandwidth-mbit")];
  if (bandwidthMbit === 0) read.fault({ what: "--bandwidth-mbit 0", expected: "more than 0" });
  if ((values.clear === true) === (delayMs !== undefined || bandwidthMbit !== undefined))
    read.fault({ what: "link", expected: "either --clear, or --delay-ms or --bandwidth-mbit or both" });
  read.end();
  const to = await knownHost(name, host);
  const set = await setLink(name, to, { delayMs: delayMs ?? 0, bandwidthMbit: bandwidthMbit ?? null });
  process.stderr.write(`link of ${to}: ${formatLink(set)}\n`);
}

async function ssh(name: string, [host, ...words]: readonly string[]): Promise<number> {
  const target = await knownHost(name, host);
  const line = words.length > 1 ? quoteAll(words) : words[0];
  const argv = ["-F", (await readLab(name)).sshConfig, target, ...(line === undefined ? [] : ["--", line])];
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", argv, { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 255));
  });
}

/** The name of a host, where the lab has it. */
async function knownHost(name: string, host: string | undefined): Promise<string> {
  const lab = await readLab(name);
  if (host !== undefined && lab.hosts.some((h) => h.name === host)) return host;
  throw new WrongUse({
    what: host === undefined ? "no host given" : `lab "${name}" has no host "${host}"`,
    expected: `one of ${lab.hosts.map((h) => h.name).join(", ")}`,
    fix: `${NAME} status`,
  });
}

function noOperands(action: string, operands: readonly string[]): void {
  if (operands.length === 0) return;
  const words = operands.map((o) => `"${o}"`).join(", ");
  throw new WrongUse({
    what: `${operands.length === 1 ? "an operand" : "operands"} too many: ${words}`,
    expected: `${NAME} ${action}`,
    fix: `${NAME} --help`,
  });
}
