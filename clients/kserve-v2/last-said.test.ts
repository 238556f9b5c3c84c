import fc from "fast-check";
import { expect, it } from "vitest";
import { LastSaid } from "../transport/last-said.ts";
import { outputsOfBody, type LastOutputs as LastBody } from "./http-body.ts";
import { decodeInferResponse, type LastOutputs as LastMessage } from "./messages.ts";
import { encoded } from "./testing/messages.ts";

/** Two outputs; shapes and values differ from answer to answer, and some fit neither. */
const output = fc.record({
  name: fc.constantFrom("boxes", "scores"),
  datatype: fc.constantFrom("FP32", "INT32"),
  shape: fc.constantFrom([1, 2], [2], [3]),
});
const outputs = fc.array(output, { minLength: 1, maxLength: 2 });
const raw = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes));

/** What came of reading an answer: tensors, or what is wrong with it. */
function outcomeOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return String(error);
  }
}

it("gRPC answers mean the same, whatever the answers before them were", () => {
  const message = fc
    .record({ outputs, raws: fc.array(raw, { maxLength: 2 }), listed: fc.boolean(), last: fc.boolean() })
    .map(({ outputs: heads, raws, listed, last }) => {
      const contents = { fp32_contents: [1, 2], int_contents: [] };
      const all = listed ? heads.map((head) => ({ ...head, contents })) : heads;
      const answer = encoded("ModelInferResponse", { model_name: "m", outputs: all, raw_output_contents: raws });
      // Fields may come in any order: raw contents first.
      return last ? Buffer.concat([encoded("ModelInferResponse", { raw_output_contents: raws }), answer]) : answer;
    });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), (answers) => {
      const last: LastMessage = new LastSaid();
      for (const answer of answers.flatMap((one) => [one, one]))
        expect(outcomeOf(() => decodeInferResponse(answer, last))).toEqual(
          outcomeOf(() => decodeInferResponse(answer)),
        );
    }),
    { numRuns: 300 },
  );
});

it("HTTP answers mean the same, whatever the answers before them were", () => {
  const body = fc.record({ outputs, raws: fc.array(raw, { maxLength: 3 }), listed: fc.boolean() });
  const made = body.map(({ outputs: heads, raws, listed }) => {
    const all = heads.map((head, i) =>
      listed && i > 0 ? { ...head, data: [1, 2] } : { ...head, parameters: { binary_data_size: 8 } },
    );
    const json = Buffer.from(JSON.stringify({ outputs: all }));
    return { body: Buffer.concat([json, ...raws]), length: json.length };
  });
  fc.assert(
    fc.property(fc.array(made, { maxLength: 12 }), fc.boolean(), (answers, told) => {
      const last: LastBody = new LastSaid();
      for (const { body: bytes, length } of answers.flatMap((one) => [one, one])) {
        const jsonLength = told ? length : undefined;
        expect(outcomeOf(() => outputsOfBody(bytes, jsonLength, last))).toEqual(
          outcomeOf(() => outputsOfBody(bytes, jsonLength)),
        );
      }
    }),
    { numRuns: 300 },
  );
});

it("what was said last is not read again: another message that begins so gives the same object", () => {
  const last = new LastSaid<object>();
  const said = {};
  expect(last.match(Buffer.from("anything"))).toBeUndefined();
  const bytes = Buffer.from("head");
  last.keep(bytes, said);
  bytes.fill(0);
  expect(last.match(Buffer.from("head and more"))).toEqual({ said, length: 4 });
  expect(last.match(Buffer.from("head and more"))?.said).toBe(said);
  for (const other of ["hea", "heaD", ""]) expect(last.match(Buffer.from(other))).toBeUndefined();
  // A beginning as long as this is read each time.
  last.keep(Buffer.alloc(5000), {});
  expect(last.match(Buffer.from("head"))?.said).toBe(said);
});
