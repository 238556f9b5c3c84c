/** What the head of a response says. */
export interface ResponseHead {
  readonly status: number;
  /** Bytes of its body; undefined where it does not say. */
  readonly length: number | undefined;
  readonly chunked: boolean;
  /** The connection may carry another exchange. */
  readonly kept: boolean;
}

/** Bytes that are no HTTP/1.1 response. */
export class NotHttp extends Error {
  override name = "NotHttp";
}

/** The head that a connection's last answer had: servers say the same each time, so most need not be read again. */
export class LastHead {
  #bytes: Buffer = Buffer.alloc(0);
  #status = 0;
  #length = 0;

  /** Remembers a head, its mark at the end included, of an answer that says its length and keeps the connection. */
  keep(bytes: Buffer, status: number, length: number): void {
    [this.#bytes, this.#status, this.#length] = [Buffer.from(bytes), status, length];
  }

  /** What these bytes say, where they begin with that very head. */
  match(bytes: Buffer): { status: number; length: number; after: Buffer } | undefined {
    const size = this.#bytes.length;
    if (size === 0 || bytes.length < size || this.#bytes.compare(bytes, 0, size) !== 0) return undefined;
    return { status: this.#status, length: this.#length, after: bytes.subarray(size) };
  }
}

/** Reads a head, its mark at the end left out (RFC 9112, sections 4 and 5). Throws NotHttp. */
export function headOf(text: string): ResponseHead {
  const [first = "", ...lines] = text.split("\r\n");
  const match = /^HTTP\/1\.([01]) (\d{3})(?: .*)?$/.exec(first);
  if (match === null) throw new NotHttp(`the peer does not speak HTTP/1.1: ${JSON.stringify(first.slice(0, 80))}`);
  const status = Number(match[2]);
  let [length, chunked, kept] = [undefined as number | undefined, false, match[1] === "1"];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) throw new NotHttp(`a header without a name: ${JSON.stringify(line.slice(0, 80))}`);
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, colon).toLowerCase()) {
      case "content-length":
        if (!/^\d{1,15}$/.test(value) || (length !== undefined && length !== Number(value)))
          throw new NotHttp(`content-length: ${JSON.stringify(value.slice(0, 80))}`);
        length = Number(value);
        break;
      case "transfer-encoding":
        if (value.toLowerCase() !== "chunked") throw new NotHttp(`transfer-encoding: ${value.slice(0, 80)}`);
        chunked = true;
        break;
      case "connection":
        if (/\bclose\b/i.test(value)) kept = false;
        else if (/\bkeep-alive\b/i.test(value)) kept = true;
    }
  }
  if (status === 101) throw new NotHttp("the peer wants another protocol");
  return { status, length, chunked, kept };
}
