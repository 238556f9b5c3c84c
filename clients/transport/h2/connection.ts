import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { answerTooLarge } from "../../codes.ts";
import { GoingAway, StreamReset, errorName, Http2Error } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import * as frames from "./frames.ts";
import { Flag, FrameType, type Frame } from "./frames.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { Outgoing } from "./outgoing.ts";
import { Patience } from "./patience.ts";
import { Streams } from "./streams.ts";
import { WIDE_WINDOWS, type Windows } from "../settings.ts";

/**
 * The client's side of HTTP/2 on one TCP connection (RFC 9113), for requests whose bytes are all there beforehand. A
 * request goes to the kernel in one gathered write as far as the peer's flow control lets it.
 */
export class Http2Connection {
  readonly #socket: Socket;
  readonly #reader = new frames.FrameReader();
  readonly #blocks = new HeaderBlocks();
  readonly #patience = new Patience();
  readonly #outgoing: Outgoing;
  readonly #streams: Streams;
  readonly #windows: Windows;
  #receiveWindow: number;
  #settled: { resolve: () => void; reject: (error: Error) => void } | null = null;
  #greeted = false;

  /**
   * @param socket connected; its bytes must be handed to {@link receive}
   * @param windows for answers; those of a connection cannot be smaller than HTTP/2's own
   */
  constructor(socket: Socket, windows: Windows = WIDE_WINDOWS) {
    this.#socket = socket;
    this.#windows = windows;
    this.#receiveWindow = windows.connectionWindowBytes;
    this.#outgoing = new Outgoing(socket, this.#patience);
    this.#streams = new Streams(socket, this.#outgoing, this.#patience, (error) => this.#settled?.reject(error));
    socket.on("error", (error) => this.#streams.end(error));
    socket.on("close", () => this.#streams.end(new Error("the peer closed the connection")));
  }

  /** Whether new requests may be made. */
  get usable(): boolean {
    return this.#streams.usable;
  }

  /** Greets the peer; resolves with its SETTINGS. Rejects if it closes or speaks something else. */
  greet(): Promise<void> {
    const settings = frames.settingsFrame([
      [frames.Setting.headerTableSize, 0],
      [frames.Setting.enablePush, 0],
      [frames.Setting.initialWindowSize, this.#windows.streamWindowBytes],
    ]);
    const more = this.#windows.connectionWindowBytes - frames.DEFAULT_WINDOW;
    const widened = more > 0 ? [frames.windowUpdateFrame(0, more)] : [];
    this.#socket.write(Buffer.concat([frames.PREFACE, settings, ...widened]));
    return new Promise((resolve, reject) => {
      this.#settled = { resolve, reject };
      if (this.#streams.ended !== null) reject(this.#streams.ended);
    });
  }

  /** Sends a request, or lets it wait while the peer has as many as it takes. */
  start(exchange: Exchange): void {
    exchange.receiveWindow = this.#windows.streamWindowBytes;
    this.#streams.start(exchange);
  }

  /** Gives a request up: its stream is reset, so that the server can stop, too. */
  cancel(exchange: Exchange): void {
    this.#streams.cancel(exchange);
  }

  /** Ends the connection; what is still open on it fails. */
  close(): void {
    if (this.#streams.ended === null && this.#socket.writable) this.#socket.write(frames.goawayFrame("NO_ERROR"));
    this.#streams.end(new Error("the connection was closed"));
  }

  /** Takes bytes off the socket. A peer that breaks the rules gets GOAWAY, and the connection ends. */
  receive(bytes: Buffer): void {
    if (this.#streams.ended !== null) return;
    const at = performance.now();
    try {
      this.#outgoing.gathered(() => this.#reader.push(bytes, (frame) => this.#take(frame, at)));
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#socket.write(frames.goawayFrame(error.errorName));
      this.#streams.end(this.#greeted ? error : new Error(`the peer does not speak HTTP/2 (${error.message})`));
    }
  }

  #take(frame: Frame, at: number): void {
    if (this.#streams.ended !== null) return;
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
        this.#streams.mustBeKnown(frame);
        return this.#streams.fail(frame.stream, new StreamReset(errorName(frame.payload.readUInt32BE(0))));
      case FrameType.settings:
        return this.#takeSettings(frame);
      case FrameType.pushPromise:
        throw new Http2Error("PROTOCOL_ERROR", "a push that was not allowed");
      case FrameType.ping:
        frames.expectLength(frame, 8);
        this.#patience.idle();
        if ((frame.flags & Flag.ack) === 0)
          this.#outgoing.reply(frames.frame(FrameType.ping, Flag.ack, 0, frame.payload));
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
    this.#streams.mustBeKnown(frame);
    const length = frame.payload.length;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) throw new Http2Error("FLOW_CONTROL_ERROR", "more DATA than the window allows");
    const { connectionWindowBytes, streamWindowBytes } = this.#windows;
    if (this.#receiveWindow < connectionWindowBytes / 2) {
      this.#outgoing.reply(frames.windowUpdateFrame(0, connectionWindowBytes - this.#receiveWindow));
      this.#receiveWindow = connectionWindowBytes;
    }
    const exchange = this.#streams.of(frame.stream);
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
      this.#streams.reset(exchange, "CANCEL");
      return exchange.fail(answerTooLarge());
    }
    if ((frame.flags & Flag.endStream) !== 0) return this.#streams.finish(exchange, at);
    if (exchange.receiveWindow < streamWindowBytes / 2) {
      this.#outgoing.reply(frames.windowUpdateFrame(frame.stream, streamWindowBytes - exchange.receiveWindow));
      exchange.receiveWindow = streamWindowBytes;
    }
  }

  #takeHeaders(frame: Frame, at: number): void {
    this.#streams.mustBeKnown(frame);
    this.#patience.idle();
    const block = this.#blocks.push(frame);
    if (block === null) return;
    const exchange = this.#streams.of(frame.stream);
    if (exchange === undefined) return;
    exchange.takeHeaders(block.headers, at);
    if (block.endStream) this.#streams.finish(exchange, at);
  }

  #takeSettings(frame: Frame): void {
    if (frame.stream !== 0) throw new Http2Error("PROTOCOL_ERROR", "SETTINGS on a stream");
    if ((frame.flags & Flag.ack) !== 0) {
      if (!this.#greeted) throw new Http2Error("PROTOCOL_ERROR", "the peer does not begin with SETTINGS");
      return frames.expectLength(frame, 0);
    }
    this.#patience.idle();
    const change = this.#outgoing.obey(frame.payload);
    this.#greeted = true;
    for (const exchange of this.#streams.all()) exchange.sendWindow = frames.widened(exchange.sendWindow, change);
    this.#outgoing.acknowledge();
    this.#settled?.resolve();
    this.#settled = null;
    this.#outgoing.pump(this.#streams.all());
    this.#streams.startWaiting();
  }

  #takeGoaway({ payload }: Frame): void {
    if (payload.length < 8) throw new Http2Error("FRAME_SIZE_ERROR", "GOAWAY of a broken length");
    this.#patience.idle();
    const reason = new GoingAway(errorName(payload.readUInt32BE(4)), payload.subarray(8).toString("utf8"));
    this.#streams.leave(payload.readUInt32BE(0) & 0x7fffffff, reason);
  }

  #takeWindowUpdate(frame: Frame): void {
    frames.expectLength(frame, 4);
    this.#patience.windowUpdate();
    if (frame.stream !== 0) this.#streams.mustBeKnown(frame);
    const increment = frame.payload.readUInt32BE(0) & 0x7fffffff;
    const exchange = this.#streams.of(frame.stream);
    if (increment === 0) {
      if (frame.stream === 0) throw new Http2Error("PROTOCOL_ERROR", "a window update of nothing");
      if (exchange !== undefined) this.#streams.reset(exchange, "PROTOCOL_ERROR");
      return exchange?.fail(new StreamReset("PROTOCOL_ERROR"));
    }
    if (frame.stream === 0) {
      this.#outgoing.widen(increment);
      this.#outgoing.pump(this.#streams.all());
    } else if (exchange !== undefined) {
      exchange.sendWindow = frames.widened(exchange.sendWindow, increment);
      this.#outgoing.pump([exchange]);
    }
  }
}
