import { onSignals } from "../lib/signals.ts";
import type { FleetRun } from "./fleet.ts";

/** One Ctrl-C may come twice: from the terminal, and passed on by npm. */
const SAME_INTERRUPT_MS = 800;

/** Passes Ctrl-C and its like on to a run's engines, which a terminal does not reach. `came`: whether one came. */
export function passInterrupts(run: FleetRun, onFirst: () => void) {
  let last = 0;
  const stop = onSignals(["SIGINT", "SIGTERM", "SIGHUP"], () => {
    const now = Date.now();
    if (now - last < SAME_INTERRUPT_MS) return;
    if (last === 0) onFirst();
    last = now;
    run.interrupt();
  });
  return { came: () => last > 0, stop };
}
