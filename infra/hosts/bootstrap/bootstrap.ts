import { UserError } from "../../../lib/errors.ts";
import { endOf } from "../bounds.ts";
import type { SshTarget } from "../target.ts";
import { BOOTSTRAP_SCRIPT, UNWRAP_SCRIPT, WRAP_SCRIPT } from "./bootstrap-script.ts";
import { diagnoseSsh, hostName } from "../connection/diagnose.ts";
import { script } from "../connection/remote.ts";
import { runOn } from "../connection/run.ts";
import { stopSharing } from "../connection/ssh.ts";

/**
 * What `up` may do to a host whose Docker engine is not there or not to be used: nothing, install it and add the SSH user
 * to the group docker, or install it and reach it through sudo.
 */
export type Bootstrap = "false" | "true" | "sudo";

/** Packages may have to come over a slow line, and another installation to end first. */
const TIMEOUT_MS = 20 * 60_000;

/**
 * Installs, starts and opens the Docker engine of a host, as far as that is missing.
 *
 * @returns what was done, in words, a line each; nothing if nothing was missing
 * @throws UserError if the user may not become root, or the distribution's packages do not do
 */
export async function bootstrap(target: SshTarget | null, how: Bootstrap): Promise<string[]> {
  const did = await asRoot(target, script(BOOTSTRAP_SCRIPT, how), "install Docker");
  // Nobody's yet: the stack's own resource says whose it is, by an id that the stack has only then.
  const wrapped = how === "sudo" ? await wrap(target, { owner: "", id: "" }) : [];
  // Whoever logged in before the group had a new member does not have it, and shared connections logged in before.
  if (target !== null) await stopSharing(target);
  return [...did, ...wrapped];
}

/** Whose stack wants it: `PROJECT/STACK`, and the deployment's id, which no other has. */
export interface WantedBy {
  readonly owner: string;
  readonly id: string;
}

/** Sees to it that `docker` goes through sudo on the host, for this deployment; without an owner for nobody yet. */
export function wrap(target: SshTarget | null, by: WantedBy): Promise<string[]> {
  return asRoot(target, script(WRAP_SCRIPT, line(by)), "reach Docker through sudo");
}

/** Ends that for this deployment; the last one on the host leaves nothing. */
export function unwrap(target: SshTarget | null, by: WantedBy): Promise<string[]> {
  return asRoot(target, script(UNWRAP_SCRIPT, line(by)), "stop reaching Docker through sudo");
}

/** Who wants it, as the wrapper has it; empty: nobody yet. */
function line({ owner, id }: WantedBy): string {
  return id === "" ? "" : `${owner} ${id}`;
}

async function asRoot(target: SshTarget | null, command: readonly string[], doing: string): Promise<string[]> {
  const { code, stdout, stderr } = await runOn(target, command, { timeoutMs: TIMEOUT_MS });
  if (target !== null && code === 255) throw new UserError(diagnoseSsh(target, stderr));
  const host = hostName(target);
  const lines = stdout.split("\n");
  const value = (mark: string) => lines.filter((l) => l.startsWith(mark)).map((l) => l.slice(mark.length));
  const [sudo] = value("@@sudo ");
  if (sudo !== undefined) {
    throw new UserError({
      what: `${host}: ${doing}: this user cannot become root without a password (${sudo})`,
      expected: "root, or a user with passwordless sudo: nobody is there to type a password",
      fix:
        "log in as root (lathe:host root@…), or allow it there: " +
        `echo "$USER ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/lathe; ` +
        "or install Docker yourself: sudo apt-get install docker.io && sudo usermod -aG docker $USER",
    });
  }
  if (code === 0) return value("@@did ");
  const said = endOf(stderr).trim().split("\n").slice(-8).join("\n    ");
  const why = value("@@failed ")[0] ?? (code === null ? `it took longer than ${TIMEOUT_MS / 60_000} minutes` : said);
  throw new UserError({
    what: `${host}: ${doing}: ${why}${said === "" || said === why ? "" : `\n    ${said}`}`,
    fix: "mend it there and run `npx lathe up` again: it does what is missing only",
  });
}
