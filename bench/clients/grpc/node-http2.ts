import http2 from "node:http2";
import { performance } from "node:perf_hooks";
import { authority, deadlineExceeded, noConnection, reasonOf, unavailable } from "../address.ts";
import { messageOf } from "../../../lib/errors.ts";
import { checkStatus, grpcTimeout, messagePrefix, unwrapMessage, type HeaderMap } from "./framing.ts";
import type { StatusError } from "../codes.ts";
import type { GatheredMessage } from "../wire/encode.ts";
import type { UnaryAnswer, UnaryChannel } from "./channel.ts";

/** Room for an answer that the server need not ask for twice. */
const RECEIVE_WINDOW_BYTES = 2 ** 24;

/** Unary gRPC over Node's own HTTP/2: the request's pieces go to the kernel as they are. */
export class NodeHttp2Channel implements UnaryChannel {
  readonly #address: string;
  readonly #port: number;
  #session: http2.ClientHttp2Session | null = null;

  constructor(address: string, port: number) {
    this.#address = address;
    this.#port = port;
  }

  async open(timeoutMs: number): Promise<void> {
    try {
      this.#session = await this.#connect(timeoutMs);
    } catch (error) {
      throw noConnection("gRPC", this.#address, this.#port, error);
    }
  }

  async ready(timeoutMs: number): Promise<void> {
    if (this.#session !== null) return;
    try {
      this.#session = await this.#connect(timeoutMs);
    } catch (error) {
      throw unavailable(this.#address, this.#port, error);
    }
  }

  unary(path: string, message: GatheredMessage, timeoutMs: number): Promise<UnaryAnswer> {
    const session = this.#session;
    if (session === null) return Promise.reject(unavailable(this.#address, this.#port, "not connected"));
    return new Promise((resolve, reject) => {
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        "user-agent": "lathe-probe",
        "grpc-timeout": grpcTimeout(timeoutMs),
      });
      const chunks: Buffer[] = [];
      let headers: HeaderMap = {};
      let trailers: HeaderMap | null = null;
      let [sentAt, firstByteAt, lastByteAt] = [0, 0, 0];
      const fail = (error: StatusError) => {
        clearTimeout(timer);
        reject(error);
        stream.close(http2.constants.NGHTTP2_CANCEL);
      };
      const timer = setTimeout(() => fail(deadlineExceeded(this.#address, this.#port, timeoutMs)), timeoutMs);
      stream.on("response", (got: HeaderMap, flags: number) => {
        firstByteAt = lastByteAt = performance.now();
        headers = got;
        if ((flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0) trailers = got;
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("trailers", (got: HeaderMap) => {
        lastByteAt = performance.now();
        trailers = got;
      });
      stream.on("error", (error: Error) => fail(unavailable(this.#address, this.#port, error)));
      stream.on("close", () => fail(this.#lost(stream.rstCode)));
      stream.on("end", () => {
        if (trailers === null && stream.rstCode !== 0) return fail(this.#lost(stream.rstCode));
        clearTimeout(timer);
        try {
          checkStatus(headers, trailers ?? {});
          resolve({ body: unwrapMessage(chunks), sentAt: sentAt || firstByteAt, firstByteAt, lastByteAt });
        } catch (error) {
          reject(error instanceof Error ? error : new Error(messageOf(error)));
        }
      });
      stream.cork();
      stream.write(messagePrefix(message.length));
      message.pieces.forEach((piece, i) => {
        if (i < message.pieces.length - 1) stream.write(piece);
        else
          stream.end(piece, () => {
            sentAt = performance.now();
          });
      });
      stream.uncork();
    });
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    if (session === null || session.destroyed) return;
    await new Promise<void>((resolve) => {
      session.once("close", () => resolve());
      session.destroy();
    });
  }

  #lost(rstCode: number | undefined): StatusError {
    return unavailable(
      this.#address,
      this.#port,
      `the call ended before its answer was whole (HTTP/2 error ${rstCode ?? 0})`,
    );
  }

  #connect(timeoutMs: number): Promise<http2.ClientHttp2Session> {
    return new Promise((resolve, reject) => {
      const session = http2.connect(`http://${authority(this.#address, this.#port)}`, {
        settings: { initialWindowSize: RECEIVE_WINDOW_BYTES, enablePush: false },
      });
      const fail = (error: unknown) => {
        clearTimeout(timer);
        session.destroy();
        reject(error instanceof Error ? error : new Error(reasonOf(error)));
      };
      const timer = setTimeout(() => fail(new Error(`no HTTP/2 peer within ${timeoutMs} ms`)), timeoutMs);
      const drop = () => {
        if (this.#session === session) this.#session = null;
      };
      session.on("error", fail);
      session.on("close", () => {
        drop();
        fail(new Error("the peer closed the connection"));
      });
      // No new calls on this connection; those under way may still end well.
      session.on("goaway", drop);
      session.once("remoteSettings", () => {
        clearTimeout(timer);
        session.setLocalWindowSize(RECEIVE_WINDOW_BYTES);
        resolve(session);
      });
    });
  }
}
