import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { CallTcp } from "./facts.ts";

/** What the kernel says of one connection. Counters only grow. */
export interface TcpSample {
  /** This end's port: what tells connections to one server apart. */
  readonly port: number;
  readonly congestion: string;
  readonly mss: number | undefined;
  readonly cwnd: number;
  readonly rttMs: number;
  readonly minRttMs: number | undefined;
  readonly rtoMs: number | undefined;
  /** Since something was sent last. */
  readonly idleMs: number;
  readonly sentBytes: number;
  readonly ackedBytes: number;
  readonly receivedBytes: number;
  readonly retransmits: number;
  readonly windowLimitedMs: number;
  readonly bufferLimitedMs: number;
}

/** Reads a process's connections to a server. */
export interface TcpReader {
  /** All connections of this machine to an address and port; none where the kernel does not say. Never rejects. */
  read(address: string, port: number): Promise<readonly TcpSample[]>;
  close(): Promise<void>;
}

/** Prints the connections to an address and a port, two words of each line of standard input, then `end`. */
const SCRIPT = `
PATH=$PATH:/usr/sbin:/sbin
while read -r address port; do
  ss -tinH state established dst "$address" dport = ":$port" 2>/dev/null || :
  echo end
done
`;

/** Milliseconds for `ss` to answer; after one silence it is not asked again. */
const SS_MS = 2000;

/** Characters of an answer: a connection takes some 500. */
const MOST_CHARACTERS = 256 << 10;

/**
 * Reads by `ss` (iproute2), because Node cannot ask a socket. A shell of its own starts it: to start a process out of this one would
 * stop the event loop. Started when it is first used.
 */
export function tcpReader(): TcpReader {
  let child: ChildProcessByStdio<Writable, Readable, null> | undefined;
  let [said, gone] = ["", false];
  let give: ((lines: readonly string[]) => void) | undefined;
  const answer = (text: string) => {
    said = "";
    give?.(text.split("\n"));
    give = undefined;
  };
  const end = () => {
    gone = true;
    child?.kill("SIGKILL");
    answer("");
  };
  const start = () => {
    const made = spawn("sh", ["-euc", SCRIPT], { stdio: ["pipe", "pipe", "ignore"] });
    made.on("error", end).on("close", end);
    made.stdin.on("error", () => {}); // `close` says the same
    made.stdout.setEncoding("latin1").on("data", (text: string) => {
      said += text;
      if (said === "end\n" || said.endsWith("\nend\n")) answer(said);
      else if (said.length > MOST_CHARACTERS) end();
    });
    return made;
  };
  return {
    async read(address, port) {
      if (gone) return [];
      child ??= start();
      const answered = new Promise<readonly string[]>((resolve) => (give = resolve));
      const timer = setTimeout(end, SS_MS);
      child.stdin.write(`${address} ${port}\n`);
      const lines = await answered;
      clearTimeout(timer);
      return samplesIn(lines);
    },
    close() {
      child?.stdin.end();
      return Promise.resolve();
    },
  };
}

/** The connections that `ss -tinH` printed: a line of each, and one below that begins with white space. Pure. */
export function samplesIn(lines: readonly string[]): TcpSample[] {
  const whole: string[] = [];
  for (const line of lines) {
    if (/^\s/.test(line) && whole.length > 0) whole[whole.length - 1] += line;
    else whole.push(line);
  }
  return whole.flatMap((line) => sampleOf(line) ?? []);
}

function sampleOf(line: string): TcpSample | undefined {
  const port = /^\s*(?:\S+\s+)?\d+\s+\d+\s+\S+:(\d{1,5})\s+\S+:\d{1,5}(?:\s|$)/.exec(line)?.[1];
  const congestion = /\s([a-z][\w-]{0,39})(?:\s+wscale:\S+)?\s+rto:/.exec(line)?.[1];
  const number = (key: string) => {
    const text = new RegExp(`\\s${key}:(\\d{1,15}(?:\\.\\d{1,6})?)`).exec(line)?.[1];
    return text === undefined ? undefined : Number(text);
  };
  const count = (key: string) => Math.round(number(key) ?? 0);
  const [cwnd, rttMs] = [number("cwnd"), number("rtt")];
  if (port === undefined || congestion === undefined || cwnd === undefined || rttMs === undefined) return undefined;
  return {
    ...{ port: Number(port), congestion, cwnd, rttMs, minRttMs: number("minrtt"), rtoMs: number("rto") },
    mss: number("mss"),
    idleMs: number("lastsnd") ?? 0,
    ...{ sentBytes: count("bytes_sent"), ackedBytes: count("bytes_acked"), receivedBytes: count("bytes_received") },
    // `retrans:NOW/ALL`
    retransmits: Number(/\sretrans:\d{1,9}\/(\d{1,9})/.exec(line)?.[1] ?? 0),
    ...{ windowLimitedMs: number("rwnd_limited") ?? 0, bufferLimitedMs: number("sndbuf_limited") ?? 0 },
  };
}

/** The shortest round trip of some connections, milliseconds; undefined where the kernel does not say. Pure. */
export function shortestRtt(samples: readonly TcpSample[]): number | undefined {
  const known = samples.flatMap(({ minRttMs }) => minRttMs ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}

/**
 * What a call did on its connection: that of several to one server on which most was sent. Undefined where nothing was. Pure.
 *
 * @param first whether no call was made on it before
 */
export function tcpOfCall(
  before: readonly TcpSample[],
  after: readonly TcpSample[],
  first: boolean,
): CallTcp | undefined {
  const pairs = after.map((now) => ({ now, was: before.find((one) => one.port === now.port) }));
  const sent = ({ now, was }: (typeof pairs)[number]) => now.sentBytes - (was?.sentBytes ?? 0);
  const own = pairs.filter((pair) => sent(pair) > 0).toSorted((a, b) => sent(b) - sent(a))[0];
  if (own === undefined) return undefined;
  const { now, was } = own;
  const grown = (key: "ackedBytes" | "receivedBytes" | "retransmits" | "windowLimitedMs" | "bufferLimitedMs") =>
    Math.max(0, now[key] - (was?.[key] ?? 0));
  const idle = was?.rtoMs !== undefined && was.idleMs > was.rtoMs;
  return {
    connection: first || was === undefined ? "cold" : idle ? "idle" : "warm",
    congestion: now.congestion,
    ...(now.mss !== undefined && { mss: now.mss }),
    ...(was !== undefined && { cwndBefore: was.cwnd }),
    cwnd: now.cwnd,
    ...{ retransmits: grown("retransmits"), deliveredBytes: grown("ackedBytes") },
    ...{ receivedBytes: grown("receivedBytes"), rttMs: now.rttMs },
    ...(now.minRttMs !== undefined && { minRttMs: now.minRttMs }),
    ...(now.rtoMs !== undefined && { rtoMs: now.rtoMs }),
    ...{ windowLimitedMs: grown("windowLimitedMs"), bufferLimitedMs: grown("bufferLimitedMs") },
  };
}
