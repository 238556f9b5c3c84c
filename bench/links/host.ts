import { hostname } from "node:os";
import type { Machine } from "../../infra/outputs.ts";
import { lastLine } from "../../infra/hosts/bounds.ts";
import { UserError } from "../../lib/errors.ts";
import type { Link } from "../matrix/link.ts";
import type { LinkMeasure } from "../records/link-facts.ts";
import { type Talk, openTalk } from "../targets/talk.ts";
import { AS_ROOT, BEAT_SECONDS, HOST_SCRIPT, LEASE_SECONDS, hostArgs } from "./host-script.ts";
import { echoWords, measured, trainOf } from "./measure.ts";

/** One end of a link: a program on its machine, which undoes what it did when its connection ends. */
export interface LinkHost {
  /** Prepares the machine for `tc`. @returns what a bench that was killed had left there */
  begin(): Promise<string | undefined>;
  /** Gives `tc` a command. @returns why it failed */
  tc(words: string): Promise<string | undefined>;
  undo(): Promise<void>;
  /** Whether its program is heard from: if not, it undoes what it did. */
  up(): boolean;
  /** Makes TCP forget what it knows of the way. @returns how the machine and its containers control congestion */
  forget(): Promise<string | null>;
  /** Measures the way to the other end, while nothing else is sent. */
  measure(link: Link): Promise<LinkMeasure>;
  /** Undoes what was done, and ends. Never rejects. */
  close(): Promise<void>;
}

export type OpenTalk = typeof openTalk;

/**
 * Opens the end of a link on a machine.
 *
 * @param leaseSeconds after which the end is undone if nothing is heard from here
 * @throws UserError where the program does not start there, or is not root
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
  const talk = open(machine.ssh, AS_ROOT, args, `the link of "${machine.id}" cannot be set`);
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
      if (why !== undefined) throw new UserError({ what: `the link of "${machine.id}" cannot be set: ${why}` });
      return lines.find((line) => line.startsWith("left "))?.slice("left ".length);
    },
    tc: async (words) => failureIn(await ask(`tc ${words}`)),
    undo: async () => void (await ask("undo")),
    up: () => talk.up(),
    async forget() {
      const found = (await ask("forget")).flatMap((line) => /^control ([a-z][\w-]{0,39})$/.exec(line)?.[1] ?? []);
      return [...new Set(found)].join(", ") || null;
    },
    async measure(link) {
      const train = trainOf(link);
      const echoes = await ask(`ping ${echoWords()}`);
      return measured(echoes, train === undefined ? [] : await ask(`train ${train.words}`), train?.bytes ?? 0);
    },
    async close() {
      clearInterval(beat);
      await talk.close();
    },
  };
}

/** Commands one after the other: who asks later waits. */
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
