import { performance } from "node:perf_hooks";
import { StatusError } from "./codes.ts";
import { messageOf } from "../lib/errors.ts";
import type { CallError, CallResult } from "./client.ts";

/** Runs a call's body and turns whatever it throws into a failed result: a call never throws. */
export async function settle(body: () => Promise<CallResult>): Promise<CallResult> {
  const startAt = performance.now();
  try {
    return await body();
  } catch (error) {
    const retried = error instanceof StatusError && error.retried ? { retried: true } : {};
    return { ok: false, error: callErrorOf(error), totalMs: performance.now() - startAt, ...retried };
  }
}

/** Why a call failed. Anything but a StatusError is a fault of the client's own: INTERNAL. */
export function callErrorOf(error: unknown): CallError {
  return { code: error instanceof StatusError ? error.code : "INTERNAL", message: messageOf(error) };
}
