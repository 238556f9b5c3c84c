import { closedLoop } from "./closed-loop.ts";
import { constantRate } from "./constant-rate.ts";
import type { Load, LoadMode } from "./load.ts";

/** Every load mode there is. A new one is a file and a line here. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each mode's own load is checked by its own schema
export const LOAD_MODES: readonly LoadMode<any>[] = [closedLoop, constantRate];

/** The mode of a load. Throws where there is none of its name: loads are read by `Load` and made by modes. */
export function modeOf(load: Load): LoadMode {
  const mode = LOAD_MODES.find((m) => m.mode === load.mode) as LoadMode | undefined;
  if (mode === undefined) throw new Error(`no load mode ${load.mode}`);
  return mode;
}

/** What readers call a load. */
export const loadTitle = (load: Load): string => modeOf(load).title(load);

/** Whether a load is the paper's: one call after the other. */
export const isPlainLoad = (load: Load): boolean => modeOf(load).isPlain(load);

/** The paper's load. */
export const PLAIN_LOAD: Load = { mode: "closed-loop", concurrency: 1 };
