import { z } from "zod";
import { lastLine } from "../../infra/hosts/bounds.ts";
import { mustRunOn, script } from "../../infra/hosts/connection/remote.ts";
import { runOn } from "../../infra/hosts/connection/run.ts";
import type { Endpoint, Machine } from "../../infra/outputs.ts";
import { UserError } from "../../lib/errors.ts";
import type { PlannedEndpoint } from "../../infra/access/plan.ts";

/* Commands for a variant's container on its machine. The keeper (keeper.ts) freezes, thaws and removes it. */

const WRITE = `
umask 022
mkdir -p "$(dirname "$1")"
cat > "$1"
`;

/** Writes a file that only one variant uses. */
export async function writeOwnFile({ ssh }: Pick<Machine, "ssh">, path: string, content: string): Promise<void> {
  await mustRunOn(ssh, script(WRITE, path), `write ${path}`, { input: content });
}

const START = `
name=$1; shift
docker create "$@" >/dev/null
docker start "$name" >/dev/null
docker container inspect --format '{{json .NetworkSettings.Ports}}' "$name"
`;

/** Time that an engine may take to make a container and start it. */
const START_MS = 120_000;

/**
 * Makes and starts a container.
 *
 * @returns its endpoints at the ports that Docker has chosen
 * @throws UserError with what Docker said
 */
export async function startContainer(
  { ssh }: Pick<Machine, "ssh">,
  name: string,
  args: readonly string[],
  endpoints: readonly PlannedEndpoint[],
): Promise<Endpoint[]> {
  const command = script(START, name, ...args);
  return portsOf(await mustRunOn(ssh, command, `start ${name}`, { timeoutMs: START_MS }), endpoints);
}

const Ports = z.record(
  z.string(),
  z.array(z.object({ HostIp: z.string(), HostPort: z.string().regex(/^[1-9]\d{0,4}$/) })).nullable(),
);

/** Reads the ports that Docker has chosen. Pure. @throws UserError if a port is missing, or is not on loopback alone */
export function portsOf(printed: string, endpoints: readonly PlannedEndpoint[]): Endpoint[] {
  let told: unknown;
  try {
    told = JSON.parse(printed);
  } catch {
    // Refused below: it is no map.
  }
  const ports = Ports.safeParse(told);
  const all = Object.values(ports.data ?? {}).flatMap((bound) => bound ?? []);
  const refuse = (what: string) =>
    new UserError({ what: `a variant's ports: ${what}`, expected: "ports of 127.0.0.1" });
  if (!ports.success) throw refuse("docker printed something else than ports");
  if (all.some(({ HostIp }) => HostIp !== "127.0.0.1")) throw refuse("they are open to other machines");
  return endpoints.map(({ containerPort, ...endpoint }) => {
    const [bound] = ports.data[`${containerPort}/tcp`] ?? [];
    if (bound === undefined) throw refuse(`there is none for ${endpoint.protocol}`);
    return { ...endpoint, port: Number(bound.HostPort) };
  });
}

const STATE = "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}";

/** Why a container does not run; undefined if it does. A machine that cannot be asked is a reason, too. */
export async function whyDown({ ssh }: Pick<Machine, "ssh">, name: string): Promise<string | undefined> {
  const asked = ["docker", "container", "inspect", "--format", STATE, name];
  const { code, stdout, stderr } = await runOn(ssh, asked, { timeoutMs: 20_000 });
  if (code !== 0) return `its machine cannot be asked for it: ${lastLine(stderr)}`;
  const [, state = "", exit = "", outOfMemory = ""] = /^(\w+) (-?\d+) (true|false)\s*$/.exec(stdout) ?? [];
  if (state === "running" || state === "paused") return undefined;
  if (outOfMemory === "true") return "the kernel killed it: out of memory";
  return state === "" ? "docker printed something unexpected of it" : `it ended with exit code ${exit}`;
}

const STATS = ["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}"];
const UNITS: Readonly<Record<string, number>> = { b: 2 ** -20, kib: 2 ** -10, mib: 1, gib: 2 ** 10, tib: 2 ** 20 };

/** MiB that a container has in memory, read from what `docker stats` prints: `123.4MiB / 7.6GiB`. Undefined: it is of another form. Pure. */
export function memoryMiB(printed: string): number | undefined {
  const [, value = "", unit = ""] = /^\s*(\d{1,9}(?:\.\d{1,6})?)\s?([kmgt]?i?b)\b/i.exec(printed) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  return factor === undefined ? undefined : Number(value) * factor;
}

/** MiB that a container has in memory now; undefined: not known. */
export async function askMemoryMiB({ ssh }: Pick<Machine, "ssh">, name: string): Promise<number | undefined> {
  const { code, stdout } = await runOn(ssh, [...STATS, name], { timeoutMs: 30_000 });
  return code === 0 ? memoryMiB(stdout) : undefined;
}
