import { performance } from "node:perf_hooks";
import { StatusError } from "./codes.ts";
import { messageOf } from "../lib/errors.ts";
import type { CallResult } from "./client.ts";

/** Runs a call's body and turns whatever it throws into a failed result: a call never throws. */
export async function settle(body: () => Promise<CallResult>): Promise<CallResult> {
  const startAt = performance.now();
  try {
    return await body();
  } catch (error) {
    return failed(error, performance.now() - startAt);
  }
}

/** A failed call's result. Anything but a StatusError is a fault of the client's own: INTERNAL. */
export function failed(error: unknown, totalMs: number): CallResult {
  const code = error instanceof StatusError ? error.code : "INTERNAL";
  return { ok: false, error: { code, message: messageOf(error) }, totalMs };
}
