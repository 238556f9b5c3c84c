import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { Readable, type Writable } from "node:stream";
import { createGzip } from "node:zlib";
import { UserError } from "../../../lib/errors.ts";
import { endInTime } from "../../../lib/run.ts";
import { STALL_MS } from "../../../infra/deadlines.ts";
import { lastLine } from "../../../infra/hosts/bounds.ts";
import { mustRunOn, script } from "../../../infra/hosts/connection/remote.ts";
import { openPassage } from "../../../infra/hosts/connection/login-shell.ts";
import { sshArgs, sshEnvironment } from "../../../infra/hosts/connection/ssh.ts";
import { OWN_FOLDER } from "../../../infra/hosts/own-folder.ts";
import type { SshTarget } from "../../../infra/hosts/target.ts";
import type { Machine } from "../../../infra/outputs.ts";
import { CLOSE_MS, HELLO_MS, silenceMs } from "../../deadlines.ts";
import type { AgentBundle } from "./bundle.ts";
import { VisitTracker, type WorkerLink } from "./link.ts";
import { eachLine } from "./lines.ts";
import { type FromWorker, type ToWorker, messageOfLine } from "./protocol.ts";
import { watchdog } from "./watchdog.ts";

type SshChild = ChildProcessByStdio<Writable, Readable, Readable>;

const ARCH: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };

const FIND = `
${OWN_FOLDER}
alone "$2" || exit 1
test -e "$1/agent.mjs" && echo yes || echo no
`;

/**
 * Lays the agent onto a client machine, below the workspace that Lathe owns there: `destroy` removes it with the
 * rest. The folder is named by the content, and renamed into place when whole: a second run sends nothing.
 *
 * @param ssh null: this machine
 * @returns the agent's folder on that machine
 * @throws UserError if the machine's architecture differs from this one's, or SSH fails
 */
export async function deployAgent(machine: Machine, ssh: SshTarget | null, bundle: AgentBundle): Promise<string> {
  const dir = `${machine.workspace}/agents/${bundle.key.slice(0, 16)}`;
  const arch = ARCH[machine.facts.arch] ?? machine.facts.arch;
  if (arch !== bundle.arch)
    throw new UserError({
      what: `"${machine.id}" is ${machine.facts.arch}, and this machine's Node is for ${bundle.arch}`,
      expected: "a client machine of the same architecture as the one that runs the bench",
      fix: `run the bench on a ${machine.facts.arch} machine`,
    });
  const doing = `lay the agent onto "${machine.id}"`;
  const remote = (argv: readonly string[], input?: Readable) =>
    mustRunOn(
      ssh,
      argv,
      doing,
      input === undefined ? {} : { input: input.pipe(createGzip({ level: 1 })), stallMs: STALL_MS },
    );
  const found = await remote(script(FIND, dir, machine.workspace));
  if (found.trim() === "yes") return dir;
  const incoming = `${dir}.incoming`;
  const receive = (name: string) => script('mkdir -p "$1" && gunzip -c > "$1/$2"', incoming, name);
  await remote(receive("node"), createReadStream(bundle.nodePath));
  await remote(receive("agent.mjs"), Readable.from([bundle.script]));
  await remote(script('chmod 755 "$2/node" && rm -rf "$1" && mv "$2" "$1"', dir, incoming));
  return dir;
}

/**
 * Starts the agent on a client machine and speaks to it over SSH.
 *
 * @throws UserError if SSH or the agent does not start
 */
export async function remoteLink(machine: Machine, ssh: SshTarget, bundle: AgentBundle): Promise<WorkerLink> {
  const dir = await deployAgent(machine, ssh, bundle);
  const { child, begin, said } = startAgent(ssh, dir);
  const tracker = new VisitTracker();
  const ended = (why: string) =>
    new UserError({ what: `the agent on "${machine.id}" ${why}`, fix: "npx lathe bench --resume" });
  let gone: Error | undefined;
  let lose = (_error: Error) => {};
  /** Rejects when the agent is gone, and with why. */
  const loss = new Promise<never>((_, reject) => {
    lose = (error) => {
      gone ??= error;
      reject(gone);
      tracker.fail(gone);
    };
  });
  loss.catch(() => {}); // whoever needs the agent gets the reason
  const dog = watchdog((ms) => {
    lose(ended(`said nothing for ${ms / 1000} s: it hangs, or its machine does`));
    child.kill("SIGKILL");
  });
  child.on("error", lose);
  child.on("close", (code) => lose(ended(`ended (${lastLine(said()) || `exit code ${code}`})`)));
  const closed = new Promise((resolve) => child.on("close", resolve));
  let begun = false;
  const hello = new Promise<void>((resolve) => {
    const give = (error: unknown) => {
      child.kill();
      lose(error as Error);
    };
    const take = (line: string) => {
      dog.heard();
      if (!begun) return void (begun = line === begin);
      let message: FromWorker;
      try {
        message = messageOfLine(line, `"${machine.id}"`);
      } catch (error) {
        return give(error);
      }
      if (message.type === "hello") resolve();
      else tracker.accept(message);
    };
    eachLine(child.stdout, take, () => give(ended("said a line without end")));
  });
  /** Something that takes no longer than the watchdog allows, whether the agent's machine takes bytes or not. */
  const watched = async <T>(ms: number, body: () => Promise<T>): Promise<T> => {
    dog.expect(ms);
    try {
      return await Promise.race([body(), loss]);
    } finally {
      dog.rest();
    }
  };
  await watched(HELLO_MS, () => hello);
  const send = (message: ToWorker) =>
    new Promise<void>((resolve, reject) => {
      if (gone !== undefined) return reject(gone);
      child.stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(gone ?? error) : resolve()));
    });
  return {
    sendImage: (image) => watched(STALL_MS, () => send(image)),
    sendSecurity: (security) => watched(STALL_MS, () => send(security)),
    visit: (message, onOutcome) =>
      watched(silenceMs(message), async () => {
        const visited = tracker.begin(message.visit, onOutcome);
        visited.catch(() => {}); // reported through the returned promise
        await send(message);
        return visited;
      }),
    gone: () => gone !== undefined,
    close: async () => (gone === undefined ? endInTime(child, closed, CLOSE_MS) : undefined),
  };
}

/** Starts the agent through the login shell: `begin` is the line before its own first one, `said` gives the end of standard error. */
function startAgent(ssh: SshTarget, dir: string) {
  const { head, begin } = openPassage([`${dir}/node`, `${dir}/agent.mjs`]);
  const child: SshChild = spawn("ssh", sshArgs(ssh), { stdio: ["pipe", "pipe", "pipe"], env: sshEnvironment() });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (s: string) => (said = (said + s).slice(-LAST_WORDS)));
  child.stdin.on("error", () => {}); // its close says why
  child.stdin.write(head);
  return { child, begin, said: () => said };
}

/** Characters of standard error that are kept. */
const LAST_WORDS = 4096;
