import { expect } from "vitest";
import { checkWords } from "../../lib/testing/fuzz.ts";
import type { Tensor } from "../client.ts";
import { canonicalCodes, StatusError } from "../codes.ts";
import { callErrorOf } from "../result.ts";
import { checkTensor } from "../tensors.ts";

/** An outcome of an attempt: tensors that are what they say, or a status with a name and words, which `names` must match. */
export function settled(body: () => Readonly<Record<string, Tensor>>, names = /./): "value" | "error" {
  try {
    for (const [name, tensor] of Object.entries(body())) checkTensor(name, tensor);
    return "value";
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const { code, message } = callErrorOf(error);
    expect(canonicalCodes).toContain(code);
    checkWords(message, names);
    expect(message.length).toBeLessThan(2000);
    return "error";
  }
}
