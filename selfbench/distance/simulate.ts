import { PACKET_BYTES, SEGMENT_BYTES, type Sender, type Way } from "../../bench/stats/floor/transfer.ts";
import type { Random } from "../../bench/stats/math/random.ts";

/*
 * Simulates one direction of a call, segment by segment, to test the floor. It shares no code with the floor. It has a line with a queue, a
 * sender with slow start, acknowledgements, losses with fast retransmission and timeouts, and a receiver that allows more once it has read
 * half of its window.
 */

/** Linux: a timeout is at least this much longer than the round trip, and cubic reduces a congestion window to seven tenths. */
const LEAST_RTO_MS = 200;
const CUT = 0.7;
const DUPLICATES = 3;

export interface Simulated {
  readonly ms: number;
  /** Segments that were sent again. */
  readonly retransmits: number;
}

type What = "arrives" | "acked" | "timeout";
interface Event {
  readonly at: number;
  readonly what: What;
  readonly segment: number;
  /** Of an acknowledgement: what the receiver had read and allowed when it was sent. */
  readonly leave?: number;
}

/** The time until the last of `bytes` arrives. @param loss share of segments that are lost, each by itself */
export function simulate(bytes: number, { rttMs, mbit }: Way, sender: Sender, loss: number, stream: Random): Simulated {
  const segments = Math.ceil(bytes / SEGMENT_BYTES);
  const segmentMs = mbit === null ? 0 : (PACKET_BYTES * 8) / (mbit * 1000);
  const windowSegments = Math.max(1, Math.floor((sender.window?.bytes ?? Infinity) / SEGMENT_BYTES));
  const queue = new Queue();
  let [congestion, slowStartEnd, freeAt, now] = [Math.max(1, sender.congestionBytes / SEGMENT_BYTES), Infinity, 0, 0];
  let [next, retransmits, read, leave, recoverUntil] = [0, 0, 0, windowSegments, -1];
  const there = new Set<number>();
  const acked = new Set<number>();
  const beyond = new Map<number, number>();
  const inFlight = new Set<number>();

  const send = (segment: number) => {
    inFlight.add(segment);
    freeAt = Math.max(freeAt, now) + segmentMs;
    if (stream.uniform() >= loss) queue.add({ at: freeAt + rttMs / 2, what: "arrives", segment });
    queue.add({ at: now + 2 * (freeAt - now) + rttMs + LEAST_RTO_MS, what: "timeout", segment });
  };
  const again = (segment: number) => {
    retransmits += 1;
    if (segment > recoverUntil) {
      congestion = Math.max(2, congestion * CUT);
      slowStartEnd = congestion;
      recoverUntil = next - 1;
    }
    inFlight.delete(segment);
    send(segment);
  };
  const sendAll = () => {
    while (next < segments && next < leave && inFlight.size < Math.floor(congestion)) send(next++);
  };

  sendAll();
  for (let event = queue.take(); event !== undefined; event = queue.take()) {
    now = event.at;
    const { segment } = event;
    if (event.what === "arrives") {
      there.add(segment);
      while (there.has(read)) read += 1;
      if (read === segments) return { ms: now, retransmits };
      queue.add({ at: now + rttMs / 2, what: "acked", segment, leave: leaveOf(sender, read, windowSegments) });
    } else if (event.what === "acked") {
      inFlight.delete(segment);
      acked.add(segment);
      leave = Math.max(leave, event.leave ?? 0);
      congestion += congestion < slowStartEnd ? 1 : 1 / congestion;
      for (const other of inFlight) {
        if (other > segment) break;
        const seen = (beyond.get(other) ?? 0) + 1;
        beyond.set(other, seen);
        if (seen === DUPLICATES) again(other);
      }
    } else if (!acked.has(segment) && inFlight.has(segment)) again(segment);
    sendAll();
  }
  return { ms: Infinity, retransmits };
}

/** The first segment that the receiver does not allow yet, after it has read so many. */
function leaveOf({ window }: Sender, read: number, windowSegments: number): number {
  if (window === undefined || (window.then === "rest" && read > 0)) return Infinity;
  const half = Math.max(1, Math.floor(windowSegments / 2));
  return windowSegments + half * Math.floor(read / half);
}

/** Events by their time: a binary heap. */
class Queue {
  readonly #heap: Event[] = [];

  add(event: Event): void {
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    for (let up = (i - 1) >> 1; i > 0 && at(heap, up) > at(heap, i); up = (i - 1) >> 1) {
      swap(heap, i, up);
      i = up;
    }
  }

  take(): Event | undefined {
    const heap = this.#heap;
    const [first, last] = [heap[0], heap.pop()];
    if (heap.length === 0 || last === undefined) return first;
    heap[0] = last;
    for (let i = 0; ;) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      const least = right < heap.length && at(heap, right) < at(heap, left) ? right : left;
      if (least >= heap.length || at(heap, i) <= at(heap, least)) return first;
      swap(heap, i, least);
      i = least;
    }
  }
}

const at = (heap: readonly Event[], i: number) => (heap[i] as Event).at;
function swap(heap: Event[], i: number, j: number): void {
  [heap[i], heap[j]] = [heap[j] as Event, heap[i] as Event];
}
