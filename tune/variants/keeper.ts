import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { marksOf } from "../../bench/targets/freeze-script.ts";
import { isAtWork } from "../../bench/targets/neighbours.ts";
import { type Talk, openTalk } from "../../bench/targets/talk.ts";
import type { Machine, Server } from "../../infra/outputs.ts";
import { lastLine } from "../../infra/hosts/bounds.ts";
import { UserError } from "../../lib/errors.ts";
import { show } from "../../lib/show.ts";
import type { DeployedContainer } from "./create-args.ts";
import { KEEPER_SCRIPT, LEASE_MINUTES } from "./keeper-script.ts";

const BEAT_MS = (LEASE_MINUTES * 60_000) / 6;
/** How often to look whether another tuning has ended: the machine takes a few seconds to end one that was killed. */
const LOOKS = 8;
const LOOK_MS = 2000;

/** Lets one variant run at a time on the server's machine, while the deployed containers are frozen. */
export interface Keeper {
  /** From now on only these containers of a variant run; none: no variant does. */
  turn(containers: readonly string[]): Promise<void>;
  remove(containers: readonly string[]): Promise<void>;
  /** Thaws the deployed containers and removes every variant. Never rejects. */
  close(): Promise<void>;
}

/** The folder of a tuning on the server's machine. Pure. */
export const tuneFolder = ({ workspace }: Pick<Server, "workspace">): string => `${workspace}/tune`;

/**
 * Freezes the deployed containers of a machine, and removes what an earlier tuning has left there.
 *
 * @param open starts the program; replaced in tests
 * @throws UserError if another process measures or tunes there
 */
export async function openKeeper(
  machine: Pick<Machine, "ssh">,
  server: Server,
  deployed: readonly Server[],
  owner: DeployedContainer["owner"],
  say: (text: string) => void,
  open: (...args: Parameters<typeof openTalk>) => Talk = openTalk,
): Promise<Keeper> {
  const by = `${process.pid} ${hostname()}`;
  const args = [tuneFolder(server), by, owner.id, owner.server, ...marksOf(deployed)];
  let talk: Talk;
  for (let look = 1; ; look++) {
    talk = open(machine.ssh, KEEPER_SCRIPT, args);
    try {
      const lines = await talk.next("ready");
      const busy = busyWith(lines);
      if (busy === undefined) {
        if (lines.some((line) => line.startsWith("left ")))
          say("A killed bench or tuning had left servers frozen on that machine. They are thawed now.");
        talk.write("begin");
        failIfFailed(await talk.next("begun"));
        break;
      }
      if (look >= LOOKS || busy.certain) throw busy.fault;
    } catch (error) {
      await talk.close();
      throw error;
    }
    await talk.close();
    await sleep(LOOK_MS);
  }
  const beat = setInterval(() => talk.write("beat"), BEAT_MS);
  beat.unref();
  return {
    async turn(containers) {
      talk.write(["turn", ...containers].join(" "));
      failIfFailed(await talk.next("turned"));
    },
    async remove(containers) {
      talk.write(["remove", ...containers].join(" "));
      await talk.next("removed");
    },
    async close() {
      clearInterval(beat);
      talk.write("end");
      await talk.close();
    },
  };
}

/** Says who measures or tunes there, by the program's first lines; undefined: nobody. Pure, except that it asks whether a process lives. */
export function busyWith(lines: readonly string[]): { fault: UserError; certain: boolean } | undefined {
  for (const line of lines) {
    const [, word = "", by = ""] = /^(left \S{1,128}|lease) (.{0,200})$/.exec(line) ?? [];
    if (word === "") continue;
    const alive = isAtWork(by);
    // A process on another machine cannot be asked for. Its lease says that it lived some minutes ago.
    const elsewhere = word === "lease" && by.split(" ")[1] !== hostname();
    if (!alive && !elsewhere) continue;
    const what = `another ${word === "lease" ? "tuning" : "bench"} (process ${show(by, 100)}) is at work on that machine`;
    return { fault: new UserError({ what, fix: "wait until it has ended" }), certain: alive };
  }
  return undefined;
}

function failIfFailed(lines: readonly string[]): void {
  const failed = lines.find((line) => line.startsWith("failed "));
  if (failed === undefined) return;
  const [container = "", ...reason] = failed.slice("failed ".length).split(" ");
  throw new UserError({
    what: `container ${show(container, 100)} cannot be frozen or thawed: ${lastLine(reason.join(" "))}`,
    expected: "an engine that can pause containers",
  });
}
