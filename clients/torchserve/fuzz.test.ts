import { expect, test, vi } from "vitest";
import { checkWords, fuzz, nearBytes, nearJson, nearText } from "../../lib/testing/fuzz.ts";
import { settled } from "../testing/settled.ts";
import type { Tensor } from "../client.ts";
import { GatherWriter } from "../transport/protobuf-writer.ts";
import { decodeAnswer, failureOf } from "./answer.ts";
import { decodePredictionResponse } from "./messages.ts";

const outcomeOf = (body: () => Readonly<Record<string, Tensor>>) => settled(body, /answer|output/);

vi.setConfig({ testTimeout: 300_000 });

const ANSWER = { detection_boxes: [[[0.1, 0.2, 0.3, 0.4]]], detection_scores: [[0.5]], num_detections: [1] };

function response(text: string): Buffer {
  const out = new GatherWriter();
  out.bytes(0x0a, Buffer.from(text));
  return Buffer.concat(out.finish());
}

test("gRPC answers with any faults are tensors or a status that says what is wrong", () => {
  const seen = { value: 0, error: 0 };
  const answers = [response(JSON.stringify(ANSWER)), response("{}")];
  fuzz(0.5, nearBytes(answers), (bytes) => {
    seen[outcomeOf(() => decodeAnswer(decodePredictionResponse(bytes)))] += 1;
  });
  expect(seen.value).toBeGreaterThan(0);
  expect(seen.error).toBeGreaterThan(0);
});

test("so are REST answers", () => {
  fuzz(
    0.3,
    nearJson([ANSWER]),
    (value) => void outcomeOf(() => decodeAnswer(Buffer.from(JSON.stringify(value) ?? ""))),
  );
  fuzz(0.3, nearText([JSON.stringify(ANSWER), JSON.stringify({ code: 404, type: "T", message: "m" })]), (text) => {
    outcomeOf(() => decodeAnswer(Buffer.from(text)));
    checkWords(failureOf(500, Buffer.from(text)), /./);
    expect(failureOf(500, Buffer.from(text)).length).toBeLessThan(2000);
  });
});

test("an answer whose values would take too much memory is not parsed", () => {
  const text = `{"x":[${"[],".repeat(12_000_000)}[]]}`;
  expect(() => decodeAnswer(Buffer.from(text))).toThrow(/values would take more than 512 MiB/);
});
