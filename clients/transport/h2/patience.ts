import { Http2Error } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** Frames after each other that bring no call further. A server that asks for a sign of life each second sends fewer in an hour. */
const MOST_IDLE_FRAMES = 10_000;

/** Answers to such frames that lie here because the peer does not read; nghttp2 has the same limit. */
const MOST_UNREAD = 1_000;

/** A peer that gives leave for what we sent as it reads it needs one frame for so many bytes at most: less than a packet's. */
const BYTES_AN_UPDATE = 512;

/**
 * How much a connection bears of a peer that only makes work: frames that bring no call further, answers that it does not read, and
 * DATA that it may not send. Each method throws Http2Error where it is too much, and the connection ends.
 */
export class Patience {
  #idle = 0;
  #unread = 0;
  #mayCome = 0;
  #toGiveBack = 0;

  /** A call began, or came further. */
  progress(): void {
    this.#idle = 0;
  }

  /** So many bytes of requests were sent: the peer may give leave for as many again. */
  sent(bytes: number): void {
    this.progress();
    this.#toGiveBack += bytes;
  }

  /** A WINDOW_UPDATE: it costs no patience as long as what was sent explains it, though no call comes further by it. */
  windowUpdate(): void {
    if (this.#toGiveBack < BYTES_AN_UPDATE) return this.idle();
    this.#toGiveBack -= BYTES_AN_UPDATE;
  }

  /** A frame that brought no call further: PING, SETTINGS, kinds that nobody knows, DATA without bytes, leave for more than was sent. */
  idle(): void {
    this.#idle += 1;
    if (this.#idle > MOST_IDLE_FRAMES)
      throw new Http2Error("ENHANCE_YOUR_CALM", `${MOST_IDLE_FRAMES} frames that bring no call further`);
  }

  /** So many answers are written; the function that comes back says that the kernel has taken them. */
  answering(count: number): () => void {
    this.#unread += count;
    if (this.#unread > MOST_UNREAD)
      throw new Http2Error("ENHANCE_YOUR_CALM", `a peer that does not read the answers to ${MOST_UNREAD} frames`);
    return () => (this.#unread -= count);
  }

  /** An exchange was given up: what the peer had leave to send of it may still come. */
  givenUp({ receiveWindow }: Exchange): void {
    this.#mayCome += receiveWindow;
  }

  /** So many bytes came of an exchange that is over. */
  late(bytes: number): void {
    this.#mayCome -= bytes;
    if (this.#mayCome < 0) throw new Http2Error("STREAM_CLOSED", "DATA of a call that is over");
  }
}
