import { z } from "zod";
import { lastLine } from "../hosts/bounds.ts";
import { cleanLine } from "../../lib/clean.ts";
import { UserError, type Fault } from "../../lib/errors.ts";
import { show } from "../../lib/show.ts";
import { mustRunOn, script } from "../hosts/connection/remote.ts";
import { MOST_NOTE } from "../outputs.ts";
import type { SshTarget } from "../hosts/target.ts";
import type { GateRun, GateSpec } from "./spec.ts";

/** What `docker inspect` says of a running server, as far as Lathe looks. */
export const Inspected = z.object({
  Image: z.string(),
  RestartCount: z.number(),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number(),
    OOMKilled: z.boolean(),
    Error: z.string(),
    StartedAt: z.string().optional(),
  }),
  Config: z.object({
    Env: z.array(z.string()).nullable(),
    Cmd: z.array(z.string()).nullish(),
    Labels: z.record(z.string(), z.string()).nullable(),
    User: z.string().optional(),
  }),
  HostConfig: z.object({ CpusetCpus: z.string(), CpusetMems: z.string(), PidsLimit: z.number().nullable() }),
});
export type Inspected = z.infer<typeof Inspected>;

/** The label by which an image says that it stands in for the real server. */
const STAND_IN_LABEL = "org.lathe.stand-in";

/** The label with a sentence that a reader of the server's numbers must know. */
const NOTE_LABEL = "org.lathe.note";

/** What the host itself says of the container. Throws a `UserError` where it is not there. */
export async function inspect(target: SshTarget | null, container: string): Promise<Inspected> {
  const out = await mustRunOn(target, ["docker", "container", "inspect", container], `look at container ${container}`);
  return readInspected(out);
}

/** Reads what `docker container inspect` printed of a container that is there. @throws UserError if it is something else */
export function readInspected(printed: string): Inspected {
  let told: unknown;
  try {
    told = JSON.parse(printed);
  } catch {
    // Refused below: it is no list.
  }
  const [found] = z.array(Inspected).min(1).safeParse(told).data ?? [];
  if (found !== undefined) return found;
  throw new UserError({
    what: `docker container inspect: ${printed.trim() === "" ? "it printed nothing" : show(lastLine(printed))}`,
    expected: "what Docker says of a container",
    fix: "look by hand: docker container inspect NAME there",
  });
}

/** Characters of a container's log that a message shows. */
const MOST_LOG = 6000;

/** The last lines of a container's log, both streams as they came. */
export async function lastLogLines(target: SshTarget | null, container: string, lines: number): Promise<string> {
  const command = script(`docker logs --tail "$2" "$1" 2>&1`, container, `${lines}`);
  const said = await mustRunOn(target, command, `read the log of ${container}`).catch((error: unknown) =>
    String(error),
  );
  return said.length > MOST_LOG ? `…${said.slice(-MOST_LOG)}` : said;
}

/** The environment variables of a container as a map. */
export function envOf(found: Inspected): Record<string, string> {
  return Object.fromEntries(
    (found.Config.Env ?? []).map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}

/** Whether the container's image names itself a stand-in. */
export function isStandIn(found: Inspected): boolean {
  return Boolean(found.Config.Labels?.[STAND_IN_LABEL]);
}

/** The note of the container's image, as one line that can be shown; undefined where it has none. */
export const noteOf = (found: Inspected): string | undefined => noteText(found.Config.Labels?.[NOTE_LABEL]);

/** Notes on a server as one line that can be shown, whoever wrote them; undefined where none says anything. Pure. */
export function noteText(...notes: readonly (string | undefined)[]): string | undefined {
  const text = cleanLine(notes.map((note = "") => note.slice(0, 4 * MOST_NOTE)).join(" ")).trim();
  return text === "" ? undefined : text.length > MOST_NOTE ? `${text.slice(0, MOST_NOTE - 1)}…` : text;
}

/**
 * Why a container that should run does not, or undefined if it does. A server that keeps dying counts as not running; one
 * that has died in its life and runs again does not.
 *
 * @param before how often it had been restarted when Lathe began to look
 */
export function notRunning(found: Inspected, before: number): string | undefined {
  const { Status, ExitCode, OOMKilled, Error: error } = found.State;
  const reason = OOMKilled ? "out of memory: raise lathe:memoryMiB" : error || `exit code ${ExitCode}`;
  // Docker counts anew from a start by hand.
  const since = found.RestartCount < before ? found.RestartCount : found.RestartCount - before;
  if (since >= 2 || (found.RestartCount >= 2 && Status === "restarting"))
    return `it was restarted ${found.RestartCount} times (${reason})`;
  if (Status === "exited" || Status === "dead") return `it is ${Status} (${reason})`;
  return undefined;
}

/** Throws a `UserError` where the container does not run, or keeps dying. */
export function mustRun({ container, restartsBefore }: GateRun, found: Inspected): void {
  const down = notRunning(found, restartsBefore);
  if (down !== undefined) throw new UserError({ what: `container ${container} does not run: ${down}` });
}

/** Where the running container differs from the plan. Pure. */
export function differences(found: Inspected, plan: GateSpec): Fault[] {
  const env = envOf(found);
  return unequal([
    ...Object.entries(plan.env).map(([name, value]) => [`variable ${name}`, env[name], value] as const),
    ["image", found.Image, plan.imageId],
    ["cpuset", found.HostConfig.CpusetCpus, plan.cpuSet],
    ["memory nodes", found.HostConfig.CpusetMems, plan.memorySet],
    ...(plan.user === "" ? [] : [["user", found.Config.User ?? "", plan.user] as const]),
    ...(plan.pidsLimit === null
      ? []
      : [["process limit", `${found.HostConfig.PidsLimit ?? "none"}`, `${plan.pidsLimit}`] as const]),
  ]).map(([what, is, expected]) => ({
    what: `container ${plan.container}: ${what} is ${is === undefined ? "not set" : JSON.stringify(is)}`,
    expected: JSON.stringify(expected),
    fix: "somebody changed it by hand: docker rm -f the container there, then `npx lathe up --refresh`",
  }));
}

type Compared = readonly [what: string, is: string | undefined, expected: string];

/** Those that are not as expected. */
export function unequal(all: readonly Compared[]): Compared[] {
  return all.filter(([, is, expected]) => is !== expected);
}

/** Throws all differences at once. */
export function assertAsPlanned(found: Inspected, plan: GateSpec): void {
  const faults = differences(found, plan);
  if (faults.length > 0) throw new UserError(faults);
}
