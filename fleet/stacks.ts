import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { lastName } from "../infra/config/stack-name.ts";
import { nearest } from "../lib/nearest.ts";
import { UserError, type Fault } from "../lib/errors.ts";

/** A stack of the project, as far as it is known before any engine starts. */
export interface KnownStack {
  /** As Pulumi prints it: `acme/edge` is a stack of an organisation, and not `edge`. */
  readonly name: string;
  /** `Pulumi.NAME.yaml` is there. */
  readonly configured: boolean;
  /** `lathe:host` of its config file, where that says one in plain text. */
  readonly host?: string;
  /** The backend knows it; absent: it will be made. */
  readonly deployed?: { readonly resources: number };
}

/** The stack in which every role runs on this machine's own Docker engine: never meant unless it is named. */
const DEV = "dev";

const CONFIG_FILE = /^Pulumi\.(.+)\.ya?ml$/;

/** Reads which stacks have a config file in the project's folder, and the host that each names. */
export async function configuredStacks(projectDir: string): Promise<KnownStack[]> {
  const files = (await readdir(projectDir)).filter((file) => CONFIG_FILE.test(file));
  const read = files.map(async (file) => {
    const host = hostOf(await readFile(join(projectDir, file), "utf8"));
    return { name: file.replace(CONFIG_FILE, "$1"), configured: true, ...(host !== undefined && { host }) };
  });
  return (await Promise.all(read)).sort((a, b) => a.name.localeCompare(b.name));
}

/** `lathe:host` in a stack's config file; undefined if it is not there in plain text. The engine reports what else is wrong with the file. */
export function hostOf(text: string): string | undefined {
  try {
    const content = parse(text, { logLevel: "error" }) as { config?: Record<string, unknown> } | null;
    const host = content?.config?.["lathe:host"];
    return typeof host === "string" ? host : undefined;
  } catch {
    return undefined;
  }
}

const Listed = z.array(z.object({ name: z.string(), resourceCount: z.number().optional() }));

/**
 * The project's stacks: those of the backend as `pulumi stack ls --json` prints them, and those that have a config file alone. All
 * stacks of one last name (`edge`, `acme/edge`) have one config file, as Pulumi has it.
 */
export function knownStacks(configured: readonly KnownStack[], listed: string): KnownStack[] {
  const files = new Map(configured.map((stack) => [stack.name, stack]));
  const deployed = Listed.parse(JSON.parse(listed)).map(({ name, resourceCount = 0 }) => {
    const file = files.get(lastName(name));
    return { ...(file ?? { configured: false }), name, deployed: { resources: resourceCount } };
  });
  const taken = new Set(deployed.map(({ name }) => lastName(name)));
  const others = configured.filter(({ name }) => !taken.has(name));
  return [...deployed, ...others].sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * The stacks of config files, and those of organisations that are named and have one of these files: for what needs no backend.
 */
export function withOrganisations(configured: readonly KnownStack[], named: readonly string[] = []): KnownStack[] {
  const others = named.filter((name) => name !== lastName(name));
  return [
    ...configured,
    ...others.flatMap((name) => configured.filter((s) => s.name === lastName(name)).map((s) => ({ ...s, name }))),
  ];
}

/**
 * The stacks named, else all but `dev`; of those `down` leaves out what the backend does not know.
 *
 * @throws UserError if a name is not known, or there is no stack at all
 */
export function chooseStacks(
  action: "up" | "down",
  known: readonly KnownStack[],
  named?: readonly string[],
): KnownStack[] {
  if (named !== undefined) {
    const faults: Fault[] = [];
    const chosen = [...new Set(named)].flatMap((name) => {
      const found = known.find((s) => s.name === name);
      if (found !== undefined) return [found];
      const names = known.map((s) => s.name);
      const guess = nearest(name, names);
      faults.push({
        what: `--stack: there is no stack "${name}"${guess === undefined ? "" : `, did you mean ${guess}?`}`,
        expected: names.length === 0 ? "a stack of this project" : names.join(", "),
        fix: `to make it: npx lathe pulumi stack init ${name}`,
      });
      return [];
    });
    if (faults.length > 0) throw new UserError(faults);
    return chosen;
  }
  const meant = known.filter((s) => s.name !== DEV && (action === "up" || s.deployed !== undefined));
  if (meant.length > 0) return meant;
  if (action === "down") throw new UserError({ what: "no stack of this project is deployed: nothing to take down" });
  throw new UserError({
    what: "this project has no stack yet",
    expected: `a stack for each machine (${DEV} counts only if you name it: --stack ${DEV})`,
    fix: "npx lathe pulumi stack init edge, then: npx lathe pulumi config set lathe:host USER@HOST --stack edge",
  });
}
