import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../lib/errors.ts";
import { diagnoseSsh } from "./diagnose.ts";
import { listening } from "./listening.ts";
import { mustRunOn } from "./remote.ts";
import { NOT_RUN, openPassage } from "./login-shell.ts";
import { sshArgs, sshEnvironment } from "./ssh.ts";
import type { SshTarget } from "../target.ts";
import { LOOPBACK } from "../addresses.ts";

const OPEN_MS = 30_000;
const ATTEMPTS = 3;
/** Characters of what ssh says that are kept. */
const MOST_SAID = 64 << 10;
/** How long ssh may take to report the ports that a host has chosen, once the connection stands. */
const REPORTED_MS = 5_000;

/** Ports at one end of an SSH connection that lead to ports at the other. */
export interface Tunnel {
  /** The near ports on loopback, in the order of the far ones. */
  readonly ports: readonly number[];
  close(): Promise<void>;
}

/**
 * Ports of this machine's loopback that lead to ports of a host's loopback (`ssh -L`). The connection is the tunnel's own:
 * nothing else is measured with it, and it ends with this process, however that ends.
 *
 * @throws UserError where ssh does not get there
 */
export async function openTunnel(target: SshTarget, farPorts: readonly number[]): Promise<Tunnel> {
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(farPorts.length);
    const forwards = ports.flatMap((port, i) => ["-L", `${LOOPBACK}:${port}:${LOOPBACK}:${farPorts[i]}`]);
    try {
      return { ports, ...(await forward(target, forwards)) };
    } catch (error) {
      // Between choosing a port and ssh's taking it, another may have come.
      if (attempt === ATTEMPTS || !/cannot listen to port|Address already in use/i.test(String(error))) throw error;
    }
  }
}

/**
 * Ports of a host's loopback, chosen there, that lead to ports of this machine's (`ssh -R`): with a tunnel to another host
 * behind them, the first host reaches the second by way of this machine.
 *
 * @throws UserError where ssh does not get there, or the host allows no forwarding
 */
export async function openReverseTunnel(target: SshTarget, nearPorts: readonly number[]): Promise<Tunnel> {
  const forwards = nearPorts.flatMap((port) => ["-R", `${LOOPBACK}:0:${LOOPBACK}:${port}`]);
  const { said, close } = await forward(target, forwards);
  try {
    let ports: (number | undefined)[] = [];
    // Standard error, which has the ports, may come after standard output, which says that the connection stands.
    for (let waited = 0; waited < REPORTED_MS; waited += 50) {
      const reported = [...said().matchAll(/Allocated port (\d+) for remote forward to \S+?:(\d+)/g)];
      const chosen = new Map(reported.map((m) => [Number(m[2]), Number(m[1])]));
      ports = nearPorts.map((port) => chosen.get(port));
      if (ports.every((port) => port !== undefined)) break;
      await sleep(50);
    }
    const known = ports.filter((port) => port !== undefined);
    if (known.length < nearPorts.length) throw new UserError(diagnoseSsh(target, said()));
    await mustBeOnLoopback(target, known);
    return { ports: known, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** sshd may bind forwarded ports to every interface, whatever was asked for (`GatewayPorts yes`). */
async function mustBeOnLoopback(target: SshTarget, ports: readonly number[]): Promise<void> {
  const sockets = await mustRunOn(target, ["cat", "/proc/net/tcp", "/proc/net/tcp6"], "look at its forwarded ports");
  const open = listening(sockets).filter(({ port, loopback }) => ports.includes(port) && !loopback);
  if (open.length === 0) return;
  throw new UserError({
    what: `host ${target.destination}: its sshd opens forwarded ports to everyone (GatewayPorts yes): others could reach the server through it`,
    expected: "ports on its loopback alone",
    fix: "set GatewayPorts no (or clientspecified) in its sshd_config and reload sshd",
  });
}

/** Starts ssh with forwards and waits until they stand. It ends when its standard input does. */
async function forward(target: SshTarget, forwards: readonly string[]) {
  const way = openPassage(["cat"]);
  const child = spawn(
    "ssh",
    [
      ...["-o", "ExitOnForwardFailure=yes", "-o", "ClearAllForwardings=no"],
      ...["-o", "ControlMaster=no", "-o", "ControlPath=none"],
      // Below INFO it does not say which ports were chosen.
      ...["-o", "LogLevel=INFO"],
      // The first value of an option holds: these come after the ones above.
      ...forwards,
      ...sshArgs(target),
    ],
    { stdio: ["pipe", "pipe", "pipe"], env: sshEnvironment() },
  );
  let said = "";
  // The end of it: ports are reported when the connection stands, and a reason comes last.
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = `${said}${text}`.slice(-MOST_SAID)));
  child.stdin.on("error", () => {});
  child.stdin.write(way.head);
  const ended = once(child, "close");
  const close = async () => {
    child.stdin.end();
    child.kill("SIGTERM");
    await ended.catch(() => {});
  };
  const ready = new Promise<boolean>((resolve) => {
    let heard = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      heard = `${heard}${text}`.slice(-MOST_SAID);
      if (heard.split("\n").includes(way.begin)) resolve(true);
    });
    ended.then(
      () => resolve(false),
      (error: Error) => {
        said += error.message;
        resolve(false);
      },
    );
    setTimeout(() => resolve(false), OPEN_MS).unref();
  });
  if (await ready) return { close, said: () => said };
  // ssh came to its end, and nothing of ours had begun.
  if (child.exitCode !== null && child.exitCode !== 255) said = `${NOT_RUN} exit code ${child.exitCode}`;
  await close();
  throw new UserError(diagnoseSsh(target, said));
}

/** Ports of loopback that nothing listens on now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, LOOPBACK);
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
