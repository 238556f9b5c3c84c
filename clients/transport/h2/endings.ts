import type { Http2ErrorName } from "./errors.ts";

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
