import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { Exchange } from "./exchange.ts";
import * as frames from "./frames.ts";
import { Flag, FrameType } from "./frames.ts";
import { TABLE_SIZE_ZERO } from "./hpack.ts";
import type { Patience } from "./patience.ts";
import { writeGathered } from "../gathered.ts";
import { defaultPeer, withSettings } from "./peer.ts";

/** What a connection sends: requests, as far as the peer's flow control lets them, and answers to the peer's frames. */
export class Outgoing {
  readonly #socket: Socket;
  readonly #patience: Patience;
  #peer = defaultPeer;
  #window = frames.DEFAULT_WINDOW;
  #replies: Buffer[] = [];
  #gathering = false;
  #stopped = false;

  constructor(socket: Socket, patience: Patience) {
    this.#socket = socket;
    this.#patience = patience;
  }

  /** How many requests the peer takes at once. */
  get maxStreams(): number {
    return this.#peer.maxStreams;
  }

  /** Sends a request's headers, and as much of its body as the windows let through, in one gathered write. */
  begin(exchange: Exchange): void {
    exchange.sendWindow = this.#peer.initialWindow;
    exchange.granted = Math.min(exchange.sendWindow, this.#window);
    // The first block says that we keep no table; every later one relies on it.
    const block =
      exchange.id === 1 ? Buffer.concat([Uint8Array.of(TABLE_SIZE_ZERO), exchange.headerBlock]) : exchange.headerBlock;
    const header = frames.frameHeader(block.length, FrameType.headers, Flag.endHeaders, exchange.id);
    this.#pump(exchange, [header, block]);
  }

  /** Sends what the windows let through of each request. */
  pump(exchanges: Iterable<Exchange>): void {
    this.#socket.cork();
    for (const exchange of exchanges) this.#pump(exchange);
    this.#socket.uncork();
  }

  #pump(exchange: Exchange, pieces: Uint8Array[] = []): void {
    const before = exchange.unsent;
    while (exchange.unsent > 0) {
      const count = Math.min(this.#peer.maxFrame, exchange.unsent, exchange.sendWindow, this.#window);
      if (count <= 0) {
        // Leave for the connection alone is no leave yet: the wait goes on.
        if (exchange.unsent < before || exchange.waits === 0) exchange.waits += 1;
        break;
      }
      this.#patience.sent(count);
      const last = count === exchange.unsent;
      exchange.sendWindow -= count;
      this.#window -= count;
      pieces.push(frames.frameHeader(count, FrameType.data, last ? Flag.endStream : 0, exchange.id));
      pieces.push(...exchange.take(count));
    }
    const whole = () => {
      exchange.sentAt = performance.now();
    };
    if (pieces.length > 0) writeGathered(this.#socket, pieces, exchange.unsent === 0 ? whole : undefined);
  }

  /** Widens the connection's window. */
  widen(increment: number): void {
    this.#window = frames.widened(this.#window, increment);
  }

  /** Takes the peer's SETTINGS. @returns by how much they widen the windows of open requests */
  obey(settings: Buffer): number {
    const before = this.#peer.initialWindow;
    this.#peer = withSettings(this.#peer, settings);
    return this.#peer.initialWindow - before;
  }

  /** Acknowledges SETTINGS, before anything that makes use of them: a larger frame is a fault until the peer knows that it is allowed. */
  acknowledge(): void {
    this.reply(frames.frame(FrameType.settings, Flag.ack, 0, new Uint8Array(0)));
    this.#writeReplies();
  }

  /** Answers the peer: at once, or with all answers to the frames that are read now (`gathered`). */
  reply(frame: Buffer): void {
    if (this.#gathering) this.#replies.push(frame);
    else if (!this.#stopped) this.#socket.write(frame);
  }

  /** Runs `read`, and writes all answers to what it reads together. If it throws, they are not written. */
  gathered(read: () => void): void {
    this.#gathering = true;
    read();
    this.#gathering = false;
    this.#writeReplies();
  }

  #writeReplies(): void {
    if (this.#replies.length === 0 || this.#stopped) return;
    const replies = this.#replies;
    this.#replies = [];
    const taken = this.#patience.answering(replies.length);
    this.#socket.write(replies.length === 1 ? (replies[0] as Buffer) : Buffer.concat(replies), taken);
  }

  /** From now on no answer is written. */
  stop(): void {
    this.#stopped = true;
  }
}
