/** Growing bytes of JSON text, kept from call to call so that a body of megabytes is laid out in memory already there. */
export class JsonBuffer {
  bytes: Buffer<ArrayBuffer> = Buffer.allocUnsafe(4096);
  view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  /** Where the next byte goes. */
  at = 0;

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.at + count, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
    this.view = new DataView(larger.buffer, larger.byteOffset, larger.byteLength);
  }

  /** Adds ASCII text. */
  text(ascii: string): void {
    this.reserve(ascii.length);
    this.at += this.bytes.write(ascii, this.at, "latin1");
  }

  /** Adds a string as a JSON literal. */
  string(value: string): void {
    const literal = JSON.stringify(value);
    this.reserve(3 * literal.length);
    this.at += this.bytes.write(literal, this.at, "utf8");
  }

  /** Adds `{"b64":"…"}`, the form of bytes among lists. */
  base64(value: Uint8Array): void {
    this.text('{"b64":"');
    this.text(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"));
    this.text('"}');
  }

  /** What was written, shared with this buffer. */
  written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }
}
