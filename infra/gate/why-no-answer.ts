import { UserError } from "../../lib/errors.ts";
import { script } from "../hosts/connection/remote.ts";
import { runOn } from "../hosts/connection/run.ts";
import { LOOPBACK } from "../hosts/addresses.ts";
import type { GateSpec } from "./spec.ts";

/** Needs bash, which every supported host has. */
const OPENS = `timeout 5 bash -c "exec 3<>/dev/tcp/$1/$2"`;

/** What to do where nothing is wrong but the time. */
export const GIVE_TIME =
  "if the host is slow, give it time: npx lathe pulumi config set lathe:gateTimeoutSeconds SECONDS";

/** A call whose time is all that is left may end so many milliseconds sooner: gRPC counts whole ones, by another clock. */
const CLOCKS_MS = 5;

/** Whether a gate's time is over. @param deadline as `performance.now()` counts */
export function isOver(deadline: number): boolean {
  return performance.now() >= deadline - CLOCKS_MS;
}

/** What a ready model was asked by, and why no answer came. */
interface Unanswered {
  readonly model: string;
  /** The client kind, and the port. */
  readonly over: string;
  readonly port: number;
  readonly why: string;
  readonly fix?: string | undefined;
}

/** The error of a ready model that gave no answer. If the gate's time is over, it names the time and not the model. */
export function unanswered(
  { address, timeoutSeconds }: Pick<GateSpec, "address" | "timeoutSeconds">,
  deadline: number,
  { model, over, port, why, fix }: Unanswered,
): UserError {
  const where = `over ${over} at ${address}:${port}`;
  if (fix === undefined && isOver(deadline))
    return new UserError({
      what: `model ${model} has not answered ${where} after ${timeoutSeconds} s (${why})`,
      fix: GIVE_TIME,
    });
  return new UserError({ what: `model ${model} is ready but does not answer ${where}: ${why}`, ...(fix && { fix }) });
}

/** What a server died of that its image and its machine do not fit, and what to do; undefined if its words tell of none. Pure. */
export function misfit(words: string): string | undefined {
  if (/exec format error/i.test(words))
    return "its image is built for another processor: name one that has a build for this machine's (lathe:image; npx lathe doctor --image NAME tells), or deploy elsewhere";
  if (/illegal instruction|exit code 132\b/i.test(words))
    return "its build needs instructions that this processor does not have (AVX, for one): name an image without them (lathe:image), or deploy elsewhere";
  return undefined;
}

/** What to do about a server that did not answer in time: its port may be open on the machine itself and closed from here. */
export async function whyNoAnswer({ target, address, endpoints }: GateSpec): Promise<string> {
  const port = endpoints[0]?.port;
  if (target === null || address === LOOPBACK || port === undefined) return GIVE_TIME;
  const [there, here] = await Promise.all([
    runOn(target, script(OPENS, LOOPBACK, `${port}`), { timeoutMs: 15_000 }),
    runOn(null, script(OPENS, address, `${port}`), { timeoutMs: 15_000 }),
  ]);
  if (there.code !== 0 || here.code === 0) return GIVE_TIME;
  return (
    `its port ${port} is open on the machine itself and shut from here: open it between ${address} and its clients (a cloud's ` +
    "security group, a firewall), name the address that they can reach (npx lathe pulumi config set lathe:address ADDRESS), or let it be " +
    "reached by SSH alone (npx lathe pulumi config set lathe:expose tunnel)"
  );
}

/** A container's processes that the kernel took for want of memory lately, a line each. */
const OOMS = [
  "docker",
  "events",
  "--since",
  "10m",
  "--until",
  "0s",
  "--filter",
  "event=oom",
  "--format",
  "{{.Action}}",
];

/**
 * Throws a `UserError` where workers of a container die again and again because its memory is too little, though its first process
 * lives (`mustRun` sees that one alone).
 */
export async function mustHaveMemory({ target, container, containerId }: GateSpec): Promise<void> {
  const asked = await runOn(target, [...OOMS, "--filter", `container=${containerId}`], { timeoutMs: 15_000 });
  if (asked.code !== 0 || asked.stdout.split("oom").length <= 2) return;
  throw new UserError({
    what: `container ${container}: its processes keep dying (out of memory: raise lathe:memoryMiB)`,
  });
}
