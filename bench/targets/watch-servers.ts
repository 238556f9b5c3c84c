import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { endInTime } from "../../lib/run.ts";
import { openPassage } from "../../infra/hosts/connection/login-shell.ts";
import { script } from "../../infra/hosts/connection/remote.ts";
import { localEnvironment } from "../../infra/hosts/connection/run.ts";
import { sshArgs, sshEnvironment } from "../../infra/hosts/connection/ssh.ts";
import { containersOf, type Machine } from "../../infra/outputs.ts";
import type { Cell } from "../matrix/cell.ts";
import { CLOSE_MS, OPEN_MS, USE_MS } from "../deadlines.ts";
import type { ServerUse } from "../records/server-use.ts";
import type { Deployed } from "./deployments.ts";
import { parseSample, SAMPLE_SCRIPT, sampleOfAll, useBetween, type UseSample } from "./server-use.ts";

/** A sample has some lines for each control group: a machine that prints more prints something else. */
const MOST_CHARACTERS = 64 << 10;

/** Reads the counters of servers' containers on their machines, over one connection for each container. */
export interface ServerWatch {
  /**
   * Reads a cell's server now; the function that is returned reads it again, and gives what it used in between. Undefined
   * where its machine does not say: a run is not worth less for that. Never rejects.
   */
  begin(cell: Cell): Promise<() => Promise<ServerUse | undefined>>;
  close(): Promise<void>;
}

interface Sampler {
  sample(): Promise<UseSample | undefined>;
  close(): Promise<void>;
}

/** Watches the servers of a run, each from its first visit on. */
export function watchServers({ machines, servers }: Deployed, now: () => number): ServerWatch {
  const samplers = new Map<string, Sampler>();
  const samplerOf = (cell: Cell) => {
    const known = samplers.get(cell.server);
    if (known !== undefined) return known;
    const machine = machines.find((m) => m.id === cell.serverMachine);
    const server = servers.find((s) => s.id === cell.server);
    if (machine === undefined || server === undefined) return undefined;
    const sampler = together(
      containersOf(server).map(({ container }) => begun(() => startSampler(machine, container))),
    );
    samplers.set(cell.server, sampler);
    return sampler;
  };
  return {
    async begin(cell) {
      const sampler = samplerOf(cell);
      const before = await sampler?.sample();
      const from = now();
      return async () => {
        const spanMs = now() - from;
        const after = before && (await sampler?.sample());
        return before && after && useBetween(before, after, spanMs);
      };
    },
    async close() {
      await Promise.all([...samplers.values()].map((sampler) => sampler.close()));
    },
  };
}

/** A sampler; where it cannot even be started (no process, no memory), one that knows nothing: the run goes on without. */
function begun(start: () => Sampler): Sampler {
  try {
    return start();
  } catch {
    return { sample: () => Promise.resolve(undefined), close: () => Promise.resolve() };
  }
}

/** A sampler of all containers of a server. */
function together(samplers: readonly Sampler[]): Sampler {
  return {
    sample: async () => sampleOfAll(await Promise.all(samplers.map((one) => one.sample()))),
    close: async () => void (await Promise.all(samplers.map((one) => one.close()))),
  };
}

function startSampler({ ssh }: Machine, container: string): Sampler {
  const command = script(SAMPLE_SCRIPT, container);
  const way = ssh === null ? undefined : openPassage(command);
  const [program = "sh", ...args] = ssh === null ? command : ["ssh", ...sshArgs(ssh)];
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(program, args, {
    stdio: ["pipe", "pipe", "ignore"],
    env: ssh === null ? localEnvironment() : sshEnvironment(),
  });
  let take: ((sample: UseSample | undefined) => void) | undefined;
  let gone = false;
  let said = "";
  let ready = () => {};
  /** The script runs, or never will. */
  const opened = new Promise<void>((resolve) => (ready = resolve));
  const give = (sample: UseSample | undefined) => {
    said = "";
    take?.(sample);
    take = undefined;
  };
  /** After one silence or one flood it is not asked again: each would cost the run as much time. */
  const end = () => {
    gone = true;
    child.kill("SIGKILL");
    give(undefined);
    ready();
  };
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  child.on("error", end);
  child.on("close", end);
  child.stdin.on("error", () => {}); // `close` says the same
  if (way === undefined) ready();
  else child.stdin.write(way.head);
  /** The line after which all is the script's: what a login shell prints before it is none of a sample. */
  let begin = way === undefined ? undefined : `\n${way.begin}\n`;
  child.stdout.setEncoding("latin1").on("data", (text: string) => {
    said += text;
    if (begin !== undefined) {
      const at = said.indexOf(begin);
      said = at < 0 ? said.slice(-MOST_CHARACTERS) : said.slice(at + begin.length);
      if (at < 0) return;
      begin = undefined;
      ready();
    }
    if (said.endsWith("\nend\n")) give(parseSample(said.split("\n")));
    else if (said.length > MOST_CHARACTERS) end();
  });
  return {
    async sample() {
      const opening = setTimeout(end, OPEN_MS);
      await opened;
      clearTimeout(opening);
      if (gone) return undefined;
      const sampled = new Promise<UseSample | undefined>((resolve) => (take = resolve));
      const timer = setTimeout(end, USE_MS);
      child.stdin.write("\n");
      const sample = await sampled;
      clearTimeout(timer);
      return sample;
    },
    async close() {
      if (!gone) await endInTime(child, closed, CLOSE_MS);
    },
  };
}
