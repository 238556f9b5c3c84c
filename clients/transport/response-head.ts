/** What the head of a response says. */
export interface ResponseHead {
  readonly status: number;
  /** Bytes of its body; undefined where it does not say. */
  readonly length: number | undefined;
  readonly chunked: boolean;
  /** The connection may carry another exchange. */
  readonly kept: boolean;
  /** What its body is coded by, in lower case, as it is said; empty where it is not. */
  readonly coding: string;
  /** Bytes of JSON before the rest of the body, where it says so (KServe's binary tensors); undefined where it does not. */
  readonly jsonLength: number | undefined;
}

/** Bytes that are no HTTP/1.1 response. */
export class NotHttp extends Error {
  override name = "NotHttp";
}

/** A header's name (RFC 9110, section 5.1), with nothing before or after it. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Reads a head, its mark at the end left out (RFC 9112, sections 4 to 6): values that go on in a further line are put together, a
 * length that is said twice counts once, and one beside `chunked` does not count. Throws NotHttp.
 */
export function headOf(text: string): ResponseHead {
  const status = text.split("\r\n", 1)[0] as string;
  const match = /^HTTP\/1\.([01]) (\d{3})(?: .*)?$/.exec(status);
  if (match === null) throw new NotHttp(`the peer does not speak HTTP/1.1: ${show(status)}`);
  const [, minor, code] = match;
  let [length, chunked, kept, coding] = [undefined as number | undefined, false, minor === "1", ""];
  let jsonLength: number | undefined;
  for (const line of linesOf(text.slice(status.length))) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (!NAME.test(name)) throw new NotHttp(`a header without a name: ${show(line)}`);
    const value = line.slice(colon + 1).trim();
    switch (name.toLowerCase()) {
      case "content-length":
        length = lengthOf(name, value, length);
        break;
      case "inference-header-content-length":
        jsonLength = lengthOf(name, value, jsonLength);
        break;
      case "transfer-encoding":
        if (value.toLowerCase() !== "chunked" || chunked) throw new NotHttp(`transfer-encoding: ${show(value)}`);
        chunked = true;
        break;
      case "content-encoding":
        coding = coding === "" ? value.toLowerCase() : `${coding}, ${value.toLowerCase()}`;
        break;
      case "connection":
        if (/\bclose\b/i.test(value)) kept = false;
        else if (/\bkeep-alive\b/i.test(value)) kept = true;
    }
  }
  if (code === "101") throw new NotHttp("the peer wants another protocol");
  // Where both are said, somebody between may have read the other: what comes after the answer is not trusted (section 6.1).
  if (chunked && (length !== undefined || minor === "0")) kept = false;
  return { status: Number(code), length: chunked ? undefined : length, chunked, kept, coding, jsonLength };
}

/** The header lines after the status line; one that begins with white space goes on with the one before it (section 5.2). */
function linesOf(text: string): string[] {
  if (text === "") return [];
  if (/^\r\n[ \t]/.test(text)) throw new NotHttp("a header that begins with white space");
  const lines = text
    .slice(2)
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  if (/[\r\n\0]/.test(lines.join(""))) throw new NotHttp("a head with a line end or a NUL within a line");
  return lines;
}

/** A length that was said once or, in one list or several headers, the same more than once (RFC 9110, section 8.6). */
function lengthOf(name: string, value: string, before: number | undefined): number {
  const all = value.split(",").map((one) => one.trim());
  const first = Number(all[0]);
  if (!all.every((one) => /^\d{1,15}$/.test(one) && Number(one) === first) || (before ?? first) !== first)
    throw new NotHttp(`${name.toLowerCase()}: ${show(value)}`);
  return first;
}

const show = (text: string) => JSON.stringify(text.slice(0, 80));
