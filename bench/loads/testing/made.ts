import type { CallResult } from "../../../clients/client.ts";
import type { Load, LoadCall, LoadPlan } from "../load.ts";
import { LOAD_MODES, modeOf } from "../registry.ts";
import { jumpingClock } from "./clock.ts";

const good = (totalMs: number): CallResult => ({
  ok: true,
  timing: { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null, totalMs },
  outputs: {},
  requestBytes: 1,
  responseBytes: 1,
});

/** Makes the calls of a load that take these times; a null fails at once. */
export async function made(
  load: Load,
  plan: Partial<LoadPlan>,
  tookMs: (index: number) => number | null,
  modes = LOAD_MODES,
) {
  const { clock, run } = jumpingClock();
  const calls: LoadCall[] = [];
  let index = 0;
  let inFlight = 0;
  let most = 0;
  const call = async (): Promise<CallResult> => {
    const ms = tookMs(index++);
    most = Math.max(most, ++inFlight);
    if (ms !== null) await clock.until(clock.now() + ms);
    inFlight -= 1;
    return ms === null ? { ok: false, error: { code: "X", message: "x" }, totalMs: 0 } : good(ms);
  };
  const whole = { calls: 10, leadIn: 0, blockMs: 1000, ...plan };
  await run(modeOf(load, modes).run(load, whole, { call, done: (c) => calls.push(c), clock }));
  return { calls, most };
}
