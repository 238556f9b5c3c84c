import { UserError } from "../../../lib/errors.ts";
import { COMMAND_MS } from "../../deadlines.ts";
import type { SshTarget } from "../target.ts";
import { diagnoseFacts, diagnoseNoise, diagnoseSsh } from "../connection/diagnose.ts";
import { FACTS_SCRIPT } from "./facts-script.ts";
import type { HostFacts } from "../facts.ts";
import { bootstrap, type Bootstrap } from "../bootstrap/bootstrap.ts";
import { parseMachine } from "./parse-facts.ts";
import { runOn } from "../connection/run.ts";
import { sshDestination } from "../connection/destination.ts";
import { stopSharing } from "../connection/ssh.ts";
import type { GuardPlace } from "../firewall.ts";
import type { HostLogin } from "../login.ts";

/** What may be done to a host that has no usable Docker engine. */
export interface Preparation {
  readonly bootstrap: Bootstrap;
  /** A preview changes nothing: it is told what `up` will do. */
  readonly preview: boolean;
  /** Of servers that the host's firewall may guard. */
  readonly guards?: readonly GuardPlace[];
  readonly say: (text: string) => void;
}

/**
 * A host's facts, once it has a Docker engine that its user can use: as it is found, or as `lathe:bootstrap` makes it.
 * A stack never guesses: where the host cannot be reached, refuses its facts or lacks what nobody may install, this throws
 * a `UserError` with the next step.
 */
export async function readFacts(
  target: SshTarget | null,
  { bootstrap: how, preview, say, guards = [] }: Preparation,
): Promise<{ facts: HostFacts; home: string; login: HostLogin }> {
  let reading = await readMachine(target, guards);
  if (reading.docker === undefined) return reading;
  const fault = diagnoseFacts(target, reading.docker, reading.user);
  if (target === null && how === "sudo")
    throw new UserError({
      what: `${fault.what}; lathe:bootstrap sudo is for hosts that are reached by SSH`,
      fix: "npx lathe pulumi config set lathe:bootstrap true, then log in anew, so that this shell has the group docker",
    });
  if (how === "false" || ["docker-old", "podman"].includes(reading.docker.kind)) throw new UserError(fault);
  if (preview) {
    const way = how === "sudo" ? "let its user reach it through sudo" : "add its user to the group docker";
    say(`${fault.what}. \`npx lathe up\` will install or start Docker there and ${way} (lathe:bootstrap ${how}).`);
    return reading;
  }
  say(`${fault.what}. Installing or starting it (lathe:bootstrap ${how}); this can take minutes.`);
  for (const done of await bootstrap(target, how)) say(`${target?.destination ?? "this machine"}: ${done}`);
  reading = await readMachine(target, guards);
  if (reading.docker === undefined) return reading;
  const still = diagnoseFacts(target, reading.docker, reading.user);
  throw new UserError({
    what: `after its bootstrap, ${still.what}`,
    ...(target === null
      ? { fix: "log in anew, so that this shell has the group docker (id -nG tells), then `npx lathe up` again" }
      : how === "sudo"
        ? {}
        : { fix: "npx lathe pulumi config set lathe:bootstrap sudo, if the group docker does not act there" }),
  });
}

/** Reads what a host says of itself, in one SSH call (no target: this machine's). */
async function readMachine(target: SshTarget | null, guards: readonly GuardPlace[]) {
  const reading = await readOnce(target, guards);
  // The user may have been let in since the shared connection logged in.
  if (target === null || reading.docker?.kind !== "docker-permission") return reading;
  await stopSharing(target);
  return readOnce(target, guards);
}

async function readOnce(target: SshTarget | null, guards: readonly GuardPlace[]) {
  const places = guards.flatMap(({ chain, note }) => [chain, note]);
  const result = await runOn(target, ["sh", "-s", ...places], { input: FACTS_SCRIPT, timeoutMs: COMMAND_MS });
  if (target !== null && (result.code === 255 || result.code === null))
    throw new UserError(diagnoseSsh(target, result.timedOutMs === undefined ? result.stderr : "timed out"));
  if (target !== null && result.noise !== undefined) throw new UserError(diagnoseNoise(target, result.noise));
  const reading = parseMachine(result.stdout);
  if (!reading.ok) throw new UserError(diagnoseFacts(target, reading.problem));
  const { login } = reading;
  if (login === null) throw new UserError(diagnoseFacts(target, { kind: "unreadable", section: "login", detail: "" }));
  return { ...reading, login };
}

/**
 * Where other machines reach a host's ports, if the user did not say: the name that OpenSSH would connect to
 * (`ssh -G` opens no connection), or `127.0.0.1` for this machine.
 */
export async function defaultAddress(target: SshTarget | null): Promise<string> {
  if (target === null) return "127.0.0.1";
  const file = target.configFile === undefined ? [] : ["-F", target.configFile];
  const { code, stdout, stderr } = await runOn(null, ["ssh", ...file, "-G", ...sshDestination(target)], {
    timeoutMs: 10_000,
  });
  const name = /^hostname (.+)$/m.exec(stdout)?.[1];
  if (code !== 0 || name === undefined) throw new UserError(diagnoseSsh(target, stderr));
  return name;
}
