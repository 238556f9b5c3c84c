import { hostname } from "node:os";
import type { Machine } from "../../infra/outputs.ts";
import { lastLine } from "../../infra/hosts/bounds.ts";
import { UserError } from "../../lib/errors.ts";
import type { Link } from "../matrix/link.ts";
import type { LinkMeans, LinkMeasure } from "../records/link-facts.ts";
import { type Talk, openTalk } from "../targets/talk.ts";
import { AS_ROOT, BEAT_SECONDS, HOST_SCRIPT, LEASE_SECONDS, hostArgs } from "./host-script.ts";
import { echoWords, measured, trainOf } from "./measure.ts";

/** One end of a link: a program on that machine. When its connection ends, it undoes what it did. */
export interface LinkHost {
  /** Prepares the machine for `tc`, and undoes what a killed bench had left. @returns whose that was; undefined: nothing was left */
  begin(): Promise<string | undefined>;
  /** Runs a command of `tc`. @returns why it failed; undefined: it did not */
  tc(words: string): Promise<string | undefined>;
  undo(): Promise<void>;
  /** Whether its program is heard from: if not, it undoes what it did. */
  up(): boolean;
  /** Makes TCP forget what it knows of the way. @returns how the machine and its containers control congestion */
  forget(): Promise<string | null>;
  /** Measures round trips and bandwidth to the other end. Nothing else must be sent meanwhile. */
  measure(link: Link, means: LinkMeans): Promise<LinkMeasure>;
  /** Undoes what was done, and ends the program. Never rejects. */
  close(): Promise<void>;
}

export type OpenTalk = typeof openTalk;

/**
 * Starts the program at one end of a link.
 *
 * @param other address of the other end
 * @param containers whose networks count as the machine's
 * @param leaseSeconds the machine undoes its end after so long without a sign of life from here
 * @throws UserError if the program does not start there, or is not root
 */
export async function linkHost(
  machine: Machine,
  other: string,
  containers: readonly string[],
  open: OpenTalk = openTalk,
  leaseSeconds = LEASE_SECONDS,
): Promise<LinkHost> {
  const by = `process ${process.pid} on ${hostname()}`;
  const args = [HOST_SCRIPT.trim(), "lathe", ...hostArgs(by, other, leaseSeconds), ...containers];
  const talk = open(machine.ssh, AS_ROOT, args, `the link of "${machine.id}" cannot be laid`);
  await talk.next("ready").catch(async (error: unknown) => {
    await talk.close();
    throw error;
  });
  const beat = setInterval(() => talk.write("beat"), BEAT_SECONDS * 1000).unref();
  const ask = asking(talk);
  return {
    async begin() {
      const lines = await ask("begin");
      const why = failureIn(lines);
      if (why !== undefined) throw new UserError({ what: `the link of "${machine.id}" cannot be laid: ${why}` });
      return lines.find((line) => line.startsWith("left "))?.slice("left ".length);
    },
    tc: async (words) => failureIn(await ask(`tc ${words}`)),
    undo: async () => void (await ask("undo")),
    up: () => talk.up(),
    async forget() {
      const found = (await ask("forget")).flatMap((line) => /^control ([a-z][\w-]{0,39})$/.exec(line)?.[1] ?? []);
      return [...new Set(found)].join(", ") || null;
    },
    async measure(link, means) {
      const train = trainOf(link, means);
      const echoes = await ask(`ping ${echoWords()}`);
      return measured(echoes, train === undefined ? [] : await ask(`train ${train.words}`), train?.bytes ?? 0);
    },
    async close() {
      clearInterval(beat);
      await talk.close();
    },
  };
}

/** Sends commands one at a time. Later commands wait. @returns a function that resolves to a command's lines of output */
function asking(talk: Talk): (command: string) => Promise<readonly string[]> {
  let last: Promise<unknown> = Promise.resolve();
  return (command) => {
    const answer = last.then(() => {
      talk.write(command);
      return talk.next("done");
    });
    last = answer.catch(() => {});
    return answer;
  };
}

function failureIn(lines: readonly string[]): string | undefined {
  const line = lines.find((one) => one.startsWith("failed "));
  return line === undefined ? undefined : lastLine(line.slice("failed ".length));
}
