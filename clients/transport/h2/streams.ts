import type { Socket } from "node:net";
import { GoingAway, Http2Error } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { type Frame, rstStreamFrame } from "./frames.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Patience } from "./patience.ts";

/** The requests of a connection: those that are open, those that wait for their turn; and whether it takes more. */
export class Streams {
  readonly #socket: Socket;
  readonly #outgoing: Outgoing;
  readonly #patience: Patience;
  readonly #onEnd: (error: Error) => void;
  readonly #open = new Map<number, Exchange>();
  #waiting: Exchange[] = [];
  #nextId = 1;
  #leaving = false;
  #ended: Error | null = null;

  /** @param onEnd is called once, when the connection has ended, before the requests that are open on it fail */
  constructor(socket: Socket, outgoing: Outgoing, patience: Patience, onEnd: (error: Error) => void) {
    this.#socket = socket;
    this.#outgoing = outgoing;
    this.#patience = patience;
    this.#onEnd = onEnd;
  }

  /** Why the connection has ended; null if it has not. */
  get ended(): Error | null {
    return this.#ended;
  }

  /** Whether new requests may be made. */
  get usable(): boolean {
    return this.#ended === null && !this.#leaving && this.#nextId < 2 ** 31;
  }

  /** The requests that are open. */
  all(): Iterable<Exchange> {
    return this.#open.values();
  }

  /** The request of a stream; undefined if it is over. */
  of(stream: number): Exchange | undefined {
    return this.#open.get(stream);
  }

  /** Throws Http2Error for a stream that nobody opened. */
  mustBeKnown({ type, stream }: Frame): void {
    if (stream % 2 === 1 && stream < this.#nextId) return;
    throw new Http2Error("PROTOCOL_ERROR", `a frame of type ${type} on stream ${stream}, which nobody opened`);
  }

  /** Sends a request, or lets it wait while the peer has as many as it takes. */
  start(exchange: Exchange): void {
    if (!this.usable) return exchange.fail(this.#ended ?? new GoingAway("NO_ERROR", ""));
    if (this.#open.size >= this.#outgoing.maxStreams) {
      this.#waiting.push(exchange);
      return;
    }
    this.#patience.progress();
    exchange.id = this.#nextId;
    this.#nextId += 2;
    this.#open.set(exchange.id, exchange);
    this.#outgoing.begin(exchange);
  }

  /** Starts requests that wait, as many as the peer takes. */
  startWaiting(): void {
    while (this.usable && this.#open.size < this.#outgoing.maxStreams) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.start(next);
    }
  }

  /** Gives a request up: its stream is reset, so that the server can stop, too. */
  cancel(exchange: Exchange): void {
    this.#waiting = this.#waiting.filter((other) => other !== exchange);
    if (this.#open.has(exchange.id)) this.reset(exchange, "CANCEL");
  }

  /** The answer is whole. */
  finish(exchange: Exchange, at: number): void {
    // An answer before the request's end: the rest of it is of no use to anyone.
    if (exchange.unsent > 0) this.#outgoing.reply(rstStreamFrame(exchange.id, "CANCEL"));
    this.#open.delete(exchange.id);
    exchange.finish(at);
    this.#afterOne();
  }

  /** Resets a stream. */
  reset(exchange: Exchange, name: "CANCEL" | "PROTOCOL_ERROR"): void {
    this.#open.delete(exchange.id);
    this.#patience.givenUp(exchange);
    this.#outgoing.reply(rstStreamFrame(exchange.id, name));
    this.#afterOne();
  }

  /** The peer has closed a stream. */
  fail(stream: number, error: Error): void {
    const exchange = this.#open.get(stream);
    if (exchange === undefined) return;
    this.#open.delete(stream);
    exchange.fail(error);
    this.#afterOne();
  }

  /** The peer goes away: it answers the streams up to `last`, and no more. */
  leave(last: number, reason: GoingAway): void {
    this.#leaving = true;
    for (const id of [...this.#open.keys()]) if (id > last) this.fail(id, reason);
    for (const exchange of this.#waiting.splice(0)) exchange.fail(reason);
    this.#endIfLeft();
  }

  #afterOne(): void {
    this.startWaiting();
    this.#endIfLeft();
  }

  /** A peer that goes away is let go once nothing is under way. */
  #endIfLeft(): void {
    if (this.#leaving && this.#open.size === 0) this.end(new GoingAway("NO_ERROR", ""));
  }

  /** Ends the connection; what is still open on it fails. */
  end(error: Error): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    this.#outgoing.stop();
    this.#socket.destroy();
    this.#onEnd(error);
    const all = [...this.#open.values(), ...this.#waiting];
    this.#open.clear();
    this.#waiting = [];
    for (const exchange of all) exchange.fail(error);
  }
}
