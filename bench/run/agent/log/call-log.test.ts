import { expect, it } from "vitest";
import type { CallResult } from "../../../../clients/client.ts";
import type { LoadCall } from "../../../loads/load.ts";
import { CallLog } from "./call-log.ts";

const timing = { encodeMs: 0.1, sendMs: null, waitMs: 2, receiveMs: 0, decodeMs: null, totalMs: 2.5 };
const answered: CallResult = { ok: true, timing, outputs: {}, requestBytes: 7, responseBytes: 0 };
const call = (result: CallResult, more: Partial<LoadCall> = {}): LoadCall => ({
  ...{ result, startAt: 12.5, intendedAt: null, leadIn: false },
  ...more,
});

it("a log gives calls back as they were, but for what they answered", () => {
  const failed: CallResult = { ok: false, error: { code: "UNAVAILABLE", message: "gone" }, totalMs: 3 };
  const calls = [
    call(answered),
    call(answered, { intendedAt: 0, readyAt: 12, leadIn: true, query: 0 }),
    call(failed, { intendedAt: 9 }),
    call({ ...answered, retried: true, requestWindow: { bytes: 65_535, waits: 1 } }),
    call(failed),
    call({ ...answered, timing: { ...timing, encodeMs: null, waitMs: 0 } }, { startAt: 0, query: 3 }),
  ];
  const log = new CallLog();
  const outputs = { x: { dtype: "DT_FLOAT", shape: [1], data: Float32Array.of(1) } } as const;
  for (const each of calls) log.add(each.result.ok ? { ...each, result: { ...each.result, outputs } } : each);
  expect([...log.calls()]).toEqual(calls);
});

it("a log keeps any number of calls apart, the first one failed or not", () => {
  const failed = call({ ok: false, error: { code: "INTERNAL", message: "" }, totalMs: 0 });
  for (const failures of [[], [0], [0, 4095, 4096], [4096, 8191]]) {
    const log = new CallLog();
    for (let i = 0; i < 9000; i++) log.add(failures.includes(i) ? failed : call(answered, { startAt: i }));
    const starts = [...log.calls()].map(({ result, startAt }) => (result.ok ? startAt : -1));
    expect(starts).toEqual(Array.from({ length: 9000 }, (_, i) => (failures.includes(i) ? -1 : i)));
  }
});
