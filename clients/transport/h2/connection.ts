import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { answerTooLarge } from "../../codes.ts";
import { GoingAway, StreamReset, errorName, Http2Error } from "./errors.ts";
import { RECEIVE_WINDOW, type Exchange } from "./exchange.ts";
import * as frames from "./frames.ts";
import { Flag, FrameType, type Frame } from "./frames.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { TABLE_SIZE_ZERO } from "./hpack.ts";
import { Patience } from "./patience.ts";
import { defaultPeer, withSettings } from "./peer.ts";

/**
 * The client's side of HTTP/2 on one TCP connection (RFC 9113), for requests whose bytes are all there beforehand. A
 * request goes to the kernel in one gathered write as far as the peer's flow control lets it.
 */
export class Http2Connection {
  readonly #socket: Socket;
  readonly #reader = new frames.FrameReader();
  readonly #blocks = new HeaderBlocks();
  readonly #open = new Map<number, Exchange>();
  #waiting: Exchange[] = [];
  #nextId = 1;
  #peer = defaultPeer;
  #sendWindow = frames.DEFAULT_WINDOW;
  #receiveWindow = RECEIVE_WINDOW;
  readonly #patience = new Patience();
  /** Answers to the peer's frames, written when all that came together is read. */
  #replies: Buffer[] = [];
  #receiving = false;
  #settled: { resolve: () => void; reject: (error: Error) => void } | null = null;
  #greeted = false;
  #leaving = false;
  #ended: Error | null = null;

  /** @param socket connected; its bytes must be handed to {@link receive} */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the peer closed the connection")));
  }

  /** Whether new requests may be made. */
  get usable(): boolean {
    return this.#ended === null && !this.#leaving && this.#nextId < 2 ** 31;
  }

  /** Greets the peer; resolves with its SETTINGS. Rejects where it closes or speaks something else. */
  greet(): Promise<void> {
    const settings = frames.settingsFrame([
      [frames.Setting.headerTableSize, 0],
      [frames.Setting.enablePush, 0],
      [frames.Setting.initialWindowSize, RECEIVE_WINDOW],
    ]);
    const window = frames.windowUpdateFrame(0, RECEIVE_WINDOW - frames.DEFAULT_WINDOW);
    this.#socket.write(Buffer.concat([frames.PREFACE, settings, window]));
    return new Promise((resolve, reject) => {
      this.#settled = { resolve, reject };
      if (this.#ended !== null) reject(this.#ended);
    });
  }

  /** Sends a request, or lets it wait while the peer has as many as it takes. */
  start(exchange: Exchange): void {
    if (!this.usable) return exchange.fail(this.#ended ?? new GoingAway("NO_ERROR", ""));
    if (this.#open.size >= this.#peer.maxStreams) {
      this.#waiting.push(exchange);
      return;
    }
    this.#patience.progress();
    exchange.id = this.#nextId;
    exchange.sendWindow = this.#peer.initialWindow;
    // The first block says that we keep no table; every later one relies on it.
    const block =
      this.#nextId === 1 ? Buffer.concat([Uint8Array.of(TABLE_SIZE_ZERO), exchange.headerBlock]) : exchange.headerBlock;
    this.#nextId += 2;
    this.#open.set(exchange.id, exchange);
    this.#socket.cork();
    this.#socket.write(frames.frameHeader(block.length, FrameType.headers, Flag.endHeaders, exchange.id));
    this.#socket.write(block);
    this.#pump(exchange);
    this.#socket.uncork();
  }

  /** Gives a request up: its stream is reset, so that the server can stop, too. */
  cancel(exchange: Exchange): void {
    this.#waiting = this.#waiting.filter((other) => other !== exchange);
    if (this.#open.has(exchange.id)) this.#reset(exchange, "CANCEL");
  }

  /** Ends the connection; what is still open on it fails. */
  close(): void {
    if (this.#ended === null && this.#socket.writable) this.#socket.write(frames.goawayFrame("NO_ERROR"));
    this.#end(new Error("the connection was closed"));
  }

  /** Takes bytes off the socket. A peer that breaks the rules gets GOAWAY, and the connection ends. */
  receive(bytes: Buffer): void {
    if (this.#ended !== null) return;
    const at = performance.now();
    this.#receiving = true;
    try {
      this.#reader.push(bytes, (frame) => this.#take(frame, at));
      this.#receiving = false;
      this.#writeReplies();
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#socket.write(frames.goawayFrame(error.errorName));
      this.#end(this.#greeted ? error : new Error(`the peer does not speak HTTP/2 (${error.message})`));
    }
  }

  #take(frame: Frame, at: number): void {
    if (this.#ended !== null) return;
    if (!this.#greeted && frame.type !== FrameType.settings)
      throw new Http2Error("PROTOCOL_ERROR", "the peer does not begin with SETTINGS");
    this.#blocks.check(frame);
    switch (frame.type) {
      case FrameType.data:
        return this.#takeData(frame, at);
      case FrameType.headers:
      case FrameType.continuation:
        return this.#takeHeaders(frame, at);
      case FrameType.rstStream:
        frames.expectLength(frame, 4);
        this.#patience.idle();
        this.#mustBeKnown(frame);
        return this.#close(frame.stream, new StreamReset(errorName(frame.payload.readUInt32BE(0))));
      case FrameType.settings:
        return this.#takeSettings(frame);
      case FrameType.pushPromise:
        throw new Http2Error("PROTOCOL_ERROR", "a push that was not allowed");
      case FrameType.ping:
        frames.expectLength(frame, 8);
        this.#patience.idle();
        if ((frame.flags & Flag.ack) === 0) this.#reply(frames.frame(FrameType.ping, Flag.ack, 0, frame.payload));
        return;
      case FrameType.goaway:
        return this.#takeGoaway(frame);
      case FrameType.windowUpdate:
        return this.#takeWindowUpdate(frame);
      default:
        // PRIORITY and kinds that came later: to be ignored.
        return this.#patience.idle();
    }
  }

  #takeData(frame: Frame, at: number): void {
    this.#mustBeKnown(frame);
    const length = frame.payload.length;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) throw new Http2Error("FLOW_CONTROL_ERROR", "more DATA than the window allows");
    if (this.#receiveWindow < RECEIVE_WINDOW / 2) {
      this.#reply(frames.windowUpdateFrame(0, RECEIVE_WINDOW - this.#receiveWindow));
      this.#receiveWindow = RECEIVE_WINDOW;
    }
    const exchange = this.#open.get(frame.stream);
    if (exchange === undefined) {
      this.#patience.idle();
      return this.#patience.late(length);
    }
    exchange.receiveWindow -= length;
    if (exchange.receiveWindow < 0) throw new Http2Error("FLOW_CONTROL_ERROR", "more DATA than its stream may send");
    const bytes = frames.unpadded(frame);
    if (bytes.length === 0) this.#patience.idle();
    else this.#patience.progress();
    if (!exchange.takeData(bytes, at)) {
      this.#reset(exchange, "CANCEL");
      return exchange.fail(answerTooLarge());
    }
    if ((frame.flags & Flag.endStream) !== 0) return this.#finish(exchange, at);
    if (exchange.receiveWindow < RECEIVE_WINDOW / 2) {
      this.#reply(frames.windowUpdateFrame(frame.stream, RECEIVE_WINDOW - exchange.receiveWindow));
      exchange.receiveWindow = RECEIVE_WINDOW;
    }
  }

  #takeHeaders(frame: Frame, at: number): void {
    this.#mustBeKnown(frame);
    this.#patience.idle();
    const block = this.#blocks.push(frame);
    if (block === null) return;
    const exchange = this.#open.get(frame.stream);
    if (exchange === undefined) return;
    exchange.takeHeaders(block.headers, at);
    if (block.endStream) this.#finish(exchange, at);
  }

  /** Throws for a stream that nobody opened. */
  #mustBeKnown({ type, stream }: Frame): void {
    if (stream % 2 === 1 && stream < this.#nextId) return;
    throw new Http2Error("PROTOCOL_ERROR", `a frame of type ${type} on stream ${stream}, which nobody opened`);
  }

  #takeSettings(frame: Frame): void {
    if (frame.stream !== 0) throw new Http2Error("PROTOCOL_ERROR", "SETTINGS on a stream");
    if ((frame.flags & Flag.ack) !== 0) {
      if (!this.#greeted) throw new Http2Error("PROTOCOL_ERROR", "the peer does not begin with SETTINGS");
      return frames.expectLength(frame, 0);
    }
    this.#patience.idle();
    const before = this.#peer;
    this.#peer = withSettings(before, frame.payload);
    this.#greeted = true;
    const change = this.#peer.initialWindow - before.initialWindow;
    for (const exchange of this.#open.values()) exchange.sendWindow = frames.widened(exchange.sendWindow, change);
    this.#reply(frames.frame(FrameType.settings, Flag.ack, 0, new Uint8Array(0)));
    // Before anything that makes use of them: a larger frame is a fault until the peer knows that it is allowed.
    this.#writeReplies();
    this.#settled?.resolve();
    this.#settled = null;
    this.#pumpAll();
    this.#startWaiting();
  }

  #takeGoaway(frame: Frame): void {
    if (frame.payload.length < 8) throw new Http2Error("FRAME_SIZE_ERROR", "GOAWAY of a broken length");
    this.#patience.idle();
    const last = frame.payload.readUInt32BE(0) & 0x7fffffff;
    const reason = new GoingAway(errorName(frame.payload.readUInt32BE(4)), frame.payload.subarray(8).toString("utf8"));
    this.#leaving = true;
    for (const id of [...this.#open.keys()]) if (id > last) this.#close(id, reason);
    for (const exchange of this.#waiting.splice(0)) exchange.fail(reason);
    this.#endIfLeft();
  }

  #takeWindowUpdate(frame: Frame): void {
    frames.expectLength(frame, 4);
    this.#patience.windowUpdate();
    if (frame.stream !== 0) this.#mustBeKnown(frame);
    const increment = frame.payload.readUInt32BE(0) & 0x7fffffff;
    const exchange = this.#open.get(frame.stream);
    if (increment === 0) {
      if (frame.stream === 0) throw new Http2Error("PROTOCOL_ERROR", "a window update of nothing");
      if (exchange !== undefined) this.#reset(exchange, "PROTOCOL_ERROR");
      return exchange?.fail(new StreamReset("PROTOCOL_ERROR"));
    }
    if (frame.stream === 0) {
      this.#sendWindow = frames.widened(this.#sendWindow, increment);
      this.#pumpAll();
    } else if (exchange !== undefined) {
      exchange.sendWindow = frames.widened(exchange.sendWindow, increment);
      this.#socket.cork();
      this.#pump(exchange);
      this.#socket.uncork();
    }
  }

  /** Frames as much of a request as both windows let through. */
  #pump(exchange: Exchange): void {
    while (exchange.unsent > 0) {
      const count = Math.min(this.#peer.maxFrame, exchange.unsent, exchange.sendWindow, this.#sendWindow);
      if (count <= 0) return;
      this.#patience.sent(count);
      const last = count === exchange.unsent;
      exchange.sendWindow -= count;
      this.#sendWindow -= count;
      this.#socket.write(frames.frameHeader(count, FrameType.data, last ? Flag.endStream : 0, exchange.id));
      const slices = exchange.take(count);
      const lastSlice = slices.pop() as Uint8Array;
      for (const slice of slices) this.#socket.write(slice);
      if (!last) this.#socket.write(lastSlice);
      else
        this.#socket.write(lastSlice, () => {
          exchange.sentAt = performance.now();
        });
    }
  }

  #pumpAll(): void {
    this.#socket.cork();
    for (const exchange of this.#open.values()) this.#pump(exchange);
    this.#socket.uncork();
  }

  #startWaiting(): void {
    while (this.usable && this.#open.size < this.#peer.maxStreams) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.start(next);
    }
  }

  #finish(exchange: Exchange, at: number): void {
    // An answer before the request's end: the rest of it is of no use to anyone.
    if (exchange.unsent > 0) this.#reply(frames.rstStreamFrame(exchange.id, "CANCEL"));
    this.#open.delete(exchange.id);
    exchange.finish(at);
    this.#afterOne();
  }

  #reset(exchange: Exchange, name: "CANCEL" | "PROTOCOL_ERROR"): void {
    this.#open.delete(exchange.id);
    this.#patience.givenUp(exchange);
    this.#reply(frames.rstStreamFrame(exchange.id, name));
    this.#afterOne();
  }

  /** Answers the peer, with all other answers to what came together; what is said of our own accord is written at once. */
  #reply(frame: Buffer): void {
    if (this.#receiving) this.#replies.push(frame);
    else if (this.#ended === null) this.#socket.write(frame);
  }

  #writeReplies(): void {
    if (this.#replies.length === 0 || this.#ended !== null) return;
    const replies = this.#replies;
    this.#replies = [];
    const taken = this.#patience.answering(replies.length);
    this.#socket.write(replies.length === 1 ? (replies[0] as Buffer) : Buffer.concat(replies), taken);
  }

  #close(id: number, error: Error): void {
    const exchange = this.#open.get(id);
    if (exchange === undefined) return;
    this.#open.delete(id);
    exchange.fail(error);
    this.#afterOne();
  }

  #afterOne(): void {
    this.#startWaiting();
    this.#endIfLeft();
  }

  /** A peer that goes away is let go once nothing is under way. */
  #endIfLeft(): void {
    if (this.#leaving && this.#open.size === 0) this.#end(new GoingAway("NO_ERROR", ""));
  }

  #end(error: Error): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    this.#socket.destroy();
    this.#settled?.reject(error);
    const all = [...this.#open.values(), ...this.#waiting];
    this.#open.clear();
    this.#waiting = [];
    for (const exchange of all) exchange.fail(error);
  }
}
