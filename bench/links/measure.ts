import type { LinkMeans, LinkMeasure } from "../records/link-facts.ts";
import { type Link, addsNothing } from "../matrix/link.ts";
import { median } from "../stats/math/quantile.ts";

/** Number of echoes that measure the round trip, and the seconds between two. */
const ECHOES = { count: 20, seconds: 0.02 };

/** Seconds to wait for the last echo. */
const WAIT_SECONDS = 3;

/** A train fills the link for so many milliseconds. The link's buffer holds 200, and drops what is more. */
const TRAIN_MS = 100;
const TRAIN_MOST = 10_000;

/**
 * What the sender's own kernel holds back stays in `ping`'s socket buffer. When that is full, `ping` sends one packet a second. So it is made as
 * large as Linux allows any user by default (208 KiB, which hold some 180 packets), and the train shorter.
 */
const HELD_BACK = { most: 160, words: "-S 212992 " };

/** Bytes of a train's packets, headers included. On slow links they are small, because few large ones would fill the time. */
const [LARGE, SMALL] = [1500, 200];
const HEADERS = 28;

/** Arguments of `ping` to measure round trips. Pure. */
export const echoWords = (): string => `-c ${ECHOES.count} -i ${ECHOES.seconds} -W ${WAIT_SECONDS}`;

/**
 * Size of a train's packets, and the arguments of `ping` to send it; undefined if the link has no bandwidth to measure. Pure.
 *
 * @param means what limits the bandwidth
 */
export function trainOf(
  { mbit }: Link,
  means: LinkMeans,
): { readonly bytes: number; readonly words: string } | undefined {
  if (mbit === null) return undefined;
  const bytes = mbit < 2 ? SMALL : LARGE;
  const { most, words } = means === "tbf" || means === "netem" ? HELD_BACK : { most: TRAIN_MOST, words: "" };
  const count = Math.min(most, Math.max(8, Math.round((mbit * 1e6 * TRAIN_MS) / 1000 / 8 / bytes)));
  return { bytes, words: `${words}-l ${count} -c ${count} -s ${bytes - HEADERS} -W ${WAIT_SECONDS}` };
}

/** Reads what the machine printed of echoes and of a train. @param bytes size of the train's packets. Pure. */
export function measured(echoes: readonly string[], train: readonly string[], bytes: number): LinkMeasure {
  const times = echoes.flatMap((line) => /^rtt (\d{1,6}(?:\.\d{1,6})?)$/.exec(line)?.[1] ?? []).map(Number);
  if (times.length === 0) {
    const why = echoes.find((line) => line.startsWith("failed"))?.slice("failed ".length, 200);
    return { unread: why === undefined || why === "" ? "no echo came back" : why };
  }
  const rttMs = { min: Math.min(...times), median: median(times), max: Math.max(...times) };
  return { rttMs, echoes: ECHOES.count, lost: Math.max(0, ECHOES.count - times.length), mbit: mbitOf(train, bytes) };
}

/**
 * The bandwidth by the second half of a train. All packets leave at once, so the time between two arrivals is the time that one packet
 * takes on the link. Lost packets have taken that time, too, so numbers count and not arrivals.
 */
function mbitOf(train: readonly string[], bytes: number): number | null {
  const found = train.flatMap((line) => {
    const words = /^train (\d{1,6}) (\d{1,11}\.\d{1,9}) (\d{1,6}) (\d{1,11}\.\d{1,9})$/.exec(line);
    return words === null ? [] : [words.slice(1).map(Number)];
  });
  const [from = 0, fromSeconds = 0, to = 0, toSeconds = 0] = found[0] ?? [];
  const mbit = ((to - from) * bytes * 8) / (toSeconds - fromSeconds) / 1e6;
  return Number.isFinite(mbit) && mbit > 0 ? mbit : null;
}

/**
 * Says why packets do not go over a link that was laid: its round trips are too short. That happens if the machines have other addresses
 * for each other. Undefined if they go over it, or if nothing is known. Pure.
 */
export function notFelt(link: Link, measure: LinkMeasure): string | undefined {
  if ("unread" in measure || addsNothing(link)) return undefined;
  const { rttMs, jitterMs } = link;
  const least = 0.9 * (rttMs - jitterMs);
  if (measure.rttMs.median >= least) return undefined;
  return `a round trip takes ${measure.rttMs.median} ms, but the link adds ${rttMs} ms: packets do not go over it`;
}
