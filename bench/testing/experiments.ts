import type { Choice } from "../plan/expand.ts";

/** A command line that chose nothing, for tests. */
export const NOTHING_CHOSEN: Choice = {
  experiments: undefined,
  models: undefined,
  images: undefined,
  clientKinds: undefined,
  placements: ["local", "remote"],
  limits: {},
};
