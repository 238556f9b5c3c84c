import { describe, expect, it } from "vitest";
import { reasonOf } from "./address.ts";
import { codeName, codeOfRestStatus } from "./codes.ts";
import { timingOf } from "./timing.ts";

describe("timing", () => {
  const marks = { startAt: 10, encodedAt: 12, sentAt: 15, firstByteAt: 20, lastByteAt: 21, endAt: 25 };

  it("has phases that follow each other without gaps", () => {
    expect(timingOf(marks)).toEqual({ encodeMs: 2, sendMs: 3, waitMs: 5, receiveMs: 1, decodeMs: 4, totalMs: 15 });
  });

  it("has no wait where the answer came before the last byte was sent", () => {
    expect(timingOf({ ...marks, sentAt: 22 })).toMatchObject({ sendMs: 8, waitMs: 0, receiveMs: 1 });
  });

  it("leaves out what a client cannot see", () => {
    expect(timingOf({ ...marks, sentAt: null })).toEqual({
      ...{ encodeMs: 2, sendMs: null, waitMs: null, receiveMs: 1, decodeMs: 4, totalMs: 15 },
    });
  });
});

describe("status codes", () => {
  it("have the canonical names, and UNKNOWN for what is none", () => {
    expect([0, 4, 14, 16, 17, -1].map(codeName)).toEqual([
      ...["OK", "DEADLINE_EXCEEDED", "UNAVAILABLE", "UNAUTHENTICATED", "UNKNOWN", "UNKNOWN"],
    ]);
  });

  it("come back from the HTTP status of a REST answer", () => {
    expect([400, 404, 409, 429, 500, 501, 503, 504, 418].map(codeOfRestStatus)).toEqual([
      ...["INVALID_ARGUMENT", "NOT_FOUND", "ABORTED", "RESOURCE_EXHAUSTED", "INTERNAL", "UNIMPLEMENTED", "UNAVAILABLE"],
      ...["DEADLINE_EXCEEDED", "UNKNOWN"],
    ]);
  });
});

describe("an error of a connection", () => {
  it("names the reason first", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    expect(reasonOf(refused)).toBe("connection refused (ECONNREFUSED)");
    expect(reasonOf(new AggregateError([refused]))).toBe("connection refused (ECONNREFUSED)");
    expect(reasonOf(new Error("something else"))).toBe("something else");
  });
});
