import type { z } from "zod";
import { closedLoop } from "./closed-loop.ts";
import { constantRate } from "./constant-rate.ts";
import type { Load, LoadKeys, LoadMode } from "./load.ts";
import { multiStream } from "./loadgen-multi-stream.ts";
import { offline } from "./loadgen-offline.ts";
import { loadGenServer } from "./loadgen-server.ts";
import { singleStream } from "./loadgen-single-stream.ts";
import { poisson } from "./poisson.ts";
import { ramp } from "./ramp.ts";
import { trace } from "./trace.ts";

/** Load modes. Each mode's schema checks its own loads. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a list of modes that each take another load
export type LoadModes = readonly LoadMode<any>[];

/** All load modes. A new one is a file and a line here. */
export const LOAD_MODES: LoadModes = [
  closedLoop,
  constantRate,
  poisson,
  ramp,
  trace,
  singleStream,
  multiStream,
  loadGenServer,
  offline,
];

/** The mode of a load. Throws if there is none of that name: every load was read by a mode's schema. */
export function modeOf(load: Load, modes: LoadModes = LOAD_MODES): LoadMode {
  const mode = modes.find((m) => m.mode === load.mode) as LoadMode | undefined;
  if (mode === undefined) throw new Error(`no load mode ${load.mode}`);
  return mode;
}

/** A load's name for readers. */
export const loadTitle = (load: Load, modes?: LoadModes): string => modeOf(load, modes).title(load);

/** Whether a load is the paper's: one call after the other. */
export const isPlainLoad = (load: Load, modes?: LoadModes): boolean => modeOf(load, modes).isPlain(load);

/** The paper's load. */
export const PLAIN_LOAD: Load = { mode: "closed-loop", concurrency: 1 };

/** The short keys of all modes, and what one value of each may be. */
export function loadKeys(modes: LoadModes = LOAD_MODES): Readonly<Record<string, z.ZodType<number>>> {
  return Object.assign({}, ...modes.map((mode) => mode.keys ?? {})) as Record<string, z.ZodType<number>>;
}

/** The loads that an experiment asks for, by `loads` and by the modes' short keys. Without any of them: the paper's load. */
export function loadsOf(experiment: object, modes: LoadModes = LOAD_MODES): Load[] {
  const { loads = [], ...given } = experiment as { readonly loads?: readonly Load[] };
  const keys: LoadKeys = Object.fromEntries(Object.keys(loadKeys(modes)).map((key) => [key, (given as LoadKeys)[key]]));
  const short = Object.values(keys).some((values) => values !== undefined);
  if (loads.length > 0 && !short) return [...loads];
  return [...loads, ...modes.flatMap((mode) => (mode.fromExperiment?.(keys) ?? []) as Load[])];
}
