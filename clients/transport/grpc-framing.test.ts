import { describe, expect, it } from "vitest";
import { checkStatus, grpcTimeout, messagePrefix, percentDecode, unwrapMessage } from "./grpc-framing.ts";

describe("gRPC's framing", () => {
  it("takes a message that comes in pieces and refuses one that is compressed, short or followed by more", () => {
    const message = Buffer.concat([messagePrefix(3), Buffer.from("abc")]);
    expect(Buffer.from(unwrapMessage([message.subarray(0, 2), message.subarray(2)])).toString()).toBe("abc");
    expect(() => unwrapMessage([message.subarray(0, 7)])).toThrow("promises a message of 3 bytes and holds 2");
    expect(() => unwrapMessage([message, Buffer.of(0)])).toThrow("holds 4");
    expect(() => unwrapMessage([])).toThrow("ends after 0 bytes");
    expect(() => unwrapMessage([Buffer.of(1, 0, 0, 0, 0)])).toThrow("compressed");
  });

  it("writes deadlines in at most eight digits", () => {
    expect([0.2, 1, 1500.4, 99_999_999, 1e8, 1e15].map(grpcTimeout)).toEqual([
      ...["1m", "1m", "1501m", "99999999m", "100000S", "99999999S"],
    ]);
  });

  it("decodes messages and leaves malformed ones as they are", () => {
    expect(percentDecode("100%25 %C3%BC")).toBe("100% ü");
    expect(percentDecode("100% %C3")).toBe("100% %C3");
  });

  it("trusts no answer without gRPC's own status and content type", () => {
    const good = { ":status": "200", "content-type": "application/grpc+proto" };
    expect(() => checkStatus(good, { "grpc-status": "0" })).not.toThrow();
    expect(() => checkStatus({ ...good, "content-type": "text/html" }, { "grpc-status": "0" })).toThrow("text/html");
    expect(() => checkStatus(good, {})).toThrow("without a gRPC status");
    expect(() => checkStatus({ ":status": "502" }, {})).toThrow(expect.objectContaining({ code: "UNAVAILABLE" }));
    expect(() => checkStatus(good, { "grpc-status": "nonsense" })).toThrow(
      expect.objectContaining({ code: "UNKNOWN" }),
    );
  });
});
