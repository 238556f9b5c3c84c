import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { Readable, type Writable } from "node:stream";
import { createInterface } from "node:readline";
import { createGzip } from "node:zlib";
import { UserError } from "../../lib/errors.ts";
import { runOn } from "../../infra/hosts/run.ts";
import { sshArgs } from "../../infra/hosts/ssh.ts";
import type { Deployment, SshTarget } from "../../infra/outputs.ts";
import type { AgentBundle } from "./bundle.ts";
import { VisitTracker, type WorkerLink } from "./link.ts";
import { FromWorker, type ToWorker } from "./protocol.ts";

type SshChild = ChildProcessByStdio<Writable, Readable, Readable>;

const ARCH: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };

/**
 * Lays the agent onto a client machine, below the workspace that the stack owns there: `destroy` removes it with the
 * rest. The folder is named by the content, and renamed into place when whole: a second run sends nothing.
 *
 * @returns the agent's folder on that machine
 * @throws UserError where the machine's architecture differs from this one's, or SSH fails
 */
export async function deployAgent(deployment: Deployment, ssh: SshTarget, bundle: AgentBundle): Promise<string> {
  const dir = `${deployment.workspace}/agents/${bundle.key.slice(0, 16)}`;
  const arch = ARCH[deployment.facts.arch] ?? deployment.facts.arch;
  if (arch !== bundle.arch)
    throw new UserError({
      what: `"${deployment.role}" is ${deployment.facts.arch}, and this machine's Node is for ${bundle.arch}`,
      expected: "a client machine of the same architecture as the one that runs the bench",
      fix: `run the bench on a ${deployment.facts.arch} machine`,
    });
  const found = await remote(ssh, ["sh", "-c", `test -e ${dir}/agent.mjs && echo yes || echo no`]);
  if (found.trim() === "yes") return dir;
  const incoming = `${dir}.incoming`;
  const receive = (name: string) => ["sh", "-c", `mkdir -p ${incoming} && gunzip -c > ${incoming}/${name}`];
  await remote(ssh, receive("node"), createReadStream(bundle.nodePath));
  await remote(ssh, receive("agent.mjs"), Readable.from([bundle.script]));
  await remote(ssh, ["sh", "-c", `chmod 755 ${incoming}/node && rm -rf ${dir} && mv ${incoming} ${dir}`]);
  return dir;
}

/** Runs a command on a machine; `input` is sent gzipped. Returns what it printed. */
async function remote(ssh: SshTarget, argv: readonly string[], input?: Readable): Promise<string> {
  const sent = input?.pipe(createGzip({ level: 1 }));
  const result = await runOn(ssh, argv, sent === undefined ? {} : { input: sent });
  if (result.code !== 0)
    throw new UserError({
      what: `ssh ${ssh.destination}: ${result.stderr.trim() || `exit code ${result.code}`}`,
      expected: "a machine that answers as it did at `pulumi up`",
      fix: `ssh ${ssh.configFile === undefined ? "" : `-F ${ssh.configFile} `}${ssh.destination} true`,
    });
  return result.stdout;
}

/**
 * Starts the agent on a client machine and speaks to it over SSH.
 *
 * @throws UserError where SSH or the agent does not start
 */
export async function remoteLink(deployment: Deployment, ssh: SshTarget, bundle: AgentBundle): Promise<WorkerLink> {
  const dir = await deployAgent(deployment, ssh, bundle);
  const child: SshChild = spawn("ssh", sshArgs(ssh, [`${dir}/node`, `${dir}/agent.mjs`]), {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const tracker = new VisitTracker();
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (s: string) => errors.push(s));
  child.stdin.on("error", () => {}); // the close below says why
  let gone: Error | undefined;
  const hello = new Promise<{ node: string; hostname: string }>((resolve, reject) => {
    const fail = (error: Error) => {
      gone = error;
      reject(error);
      tracker.fail(error);
    };
    child.on("error", fail);
    child.on("close", (code) =>
      fail(
        new UserError({
          what: `the agent on "${deployment.role}" ended (exit code ${code}): ${errors.join("").trim().slice(-500)}`,
          fix: "run the bench again: it goes on where it stopped",
        }),
      ),
    );
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on("line", (line) => {
      const message = FromWorker.parse(JSON.parse(line));
      if (message.type === "hello") resolve({ node: message.node, hostname: message.hostname });
      else tracker.accept(message);
    });
  });
  const about = await hello;
  const send = (message: ToWorker) =>
    new Promise<void>((resolve, reject) => {
      if (gone !== undefined) return reject(gone);
      child.stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(gone ?? error) : resolve()));
    });
  return {
    about,
    sendImage: send,
    async visit(message, onOutcome) {
      const ended = tracker.begin(message.visit, onOutcome);
      ended.catch(() => {}); // reported through the returned promise
      await send(message);
      return ended;
    },
    async close() {
      if (gone !== undefined) return;
      const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
      child.stdin.end();
      await ended;
    },
  };
}
