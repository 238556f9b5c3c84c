import { connect, type TLSSocket } from "node:tls";
import { messageOf } from "../lib/errors.ts";
import type { Security } from "./security.ts";

/** Connects and shakes hands; the socket has no delay. Rejects with what TLS or the kernel said. */
export function connectTls(
  options: { readonly host: string; readonly port: number },
  { ca, serverName, cert, key }: Security,
  alpn: "h2" | "http/1.1",
  timeoutMs: number,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const own = cert === undefined || key === undefined ? {} : { cert, key };
    const tls = { ca, servername: serverName, ALPNProtocols: [alpn], minVersion: "TLSv1.2", ...own } as const;
    const socket = connect({ ...options, ...tls });
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no TLS handshake within ${timeoutMs} ms`)), timeoutMs);
    socket.setNoDelay(true);
    socket.once("error", (error: Error) => fail(inWords(error)));
    // Before the handshake's end a peer that speaks no TLS may just close.
    socket.once("close", () => fail(new Error("the peer closed the connection during the TLS handshake")));
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      if (alpn === "h2" && socket.alpnProtocol !== "h2")
        return fail(new Error("the peer does not offer HTTP/2 (ALPN)"));
      socket.removeAllListeners("error").removeAllListeners("close");
      resolve(socket);
    });
  });
}

/** OpenSSL's words are for those who know its source. */
function inWords(error: Error): Error {
  const text = messageOf(error);
  if (/wrong version number|packet length too long|unexpected message/i.test(text))
    return new Error("the peer does not speak TLS", { cause: error });
  return error;
}
