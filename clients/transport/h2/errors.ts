/** HTTP/2's error codes in order of their numbers (RFC 9113, section 7). */
const NAMES = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
] as const;

export type Http2ErrorName = (typeof NAMES)[number];

/** The name of an error number; an unknown one counts as INTERNAL_ERROR, as the RFC allows. */
export function errorName(number: number): Http2ErrorName {
  return NAMES[number] ?? "INTERNAL_ERROR";
}

/** The number of an error name. */
export function errorNumber(name: Http2ErrorName): number {
  return NAMES.indexOf(name);
}

/** A fault of the peer that ends the connection. */
export class Http2Error extends Error {
  readonly errorName: Http2ErrorName;

  constructor(name: Http2ErrorName, what: string) {
    super(`HTTP/2 ${name}: ${what}`);
    this.name = "Http2Error";
    this.errorName = name;
  }
}

/** The peer reset one stream. */
export class StreamReset extends Error {
  readonly errorName: Http2ErrorName;

  constructor(name: Http2ErrorName) {
    super(`the server reset the call (HTTP/2 ${name})`);
    this.name = "StreamReset";
    this.errorName = name;
  }
}

/** The peer takes no more streams on this connection. */
export class GoingAway extends Error {
  constructor(name: Http2ErrorName, detail: string) {
    super(`the server is going away (HTTP/2 GOAWAY ${name}${detail === "" ? "" : `: ${detail}`})`);
    this.name = "GoingAway";
  }
}
