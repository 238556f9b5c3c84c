import { printResult } from "../lib/cli/result.ts";
import type { Values } from "../lib/cli/spec.ts";
import { WrongUse } from "../lib/errors.ts";
import { say } from "../lib/output.ts";
import { progress } from "../lib/progress.ts";
import { quoteAll } from "../lib/quote.ts";
import { runInherited } from "../lib/run.ts";
import { labDown, labStatus, labUp, readLab, setLink } from "./index.ts";
import { defaultLabName } from "./names.ts";
import { OPTIONS } from "./options.ts";
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
  switch (action) {
    case "up":
      return up(name, values);
    case "status":
      return status(name, values.json);
    case "ssh":
      return ssh(name, operands);
    case "link":
      return link(name, values, operands[0]);
    default:
      if (!(await labDown(name, progress()))) say(`no lab "${name}" is up`);
  }
}

async function up(name: string, { hosts, json }: LabValues): Promise<void> {
  await labUp({ name, ...(hosts && { hosts: hosts.map((host) => ({ name: host })) }) }, progress());
  await status(name, json);
}

async function status(name: string, json: boolean | undefined): Promise<number> {
  const now = await labStatus(name);
  printResult(OPTIONS.json, json, formatStatus(now), now);
  return now.hosts.every((h) => h.state === "up") && now.registry.answers ? 0 : 1;
}

async function link(name: string, values: LabValues, host: string | undefined): Promise<void> {
  const { clear, "delay-ms": delayMs, "bandwidth-mbit": bandwidthMbit } = values;
  if ((clear === true) === (delayMs !== undefined || bandwidthMbit !== undefined))
    throw new WrongUse({
      what: `link${host === undefined ? "" : ` ${host}`}: ${clear === true ? "--clear and a limit" : "no option"}`,
      expected: "either --clear, or --delay-ms or --bandwidth-mbit or both",
      fix: `${NAME} --help`,
    });
  const to = await knownHost(name, host);
  const set = await setLink(name, to, { delayMs: delayMs ?? 0, bandwidthMbit: bandwidthMbit ?? null });
  say(`link of ${to}: ${formatLink(set)}`);
}

async function ssh(name: string, [host, ...words]: readonly string[]): Promise<number> {
  const target = await knownHost(name, host);
  const line = words.length > 1 ? quoteAll(words) : words[0];
  const argv = ["-F", (await readLab(name)).sshConfig, target, ...(line === undefined ? [] : ["--", line])];
  return runInherited(["ssh", ...argv]);
}

async function knownHost(name: string, host: string | undefined): Promise<string> {
  const lab = await readLab(name);
  if (host !== undefined && lab.hosts.some((h) => h.name === host)) return host;
  throw new WrongUse({
    what: host === undefined ? "no host given" : `lab "${name}" has no host "${host}"`,
    expected: `one of ${lab.hosts.map((h) => h.name).join(", ")}`,
    fix: `${NAME} status`,
  });
}
