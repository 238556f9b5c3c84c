import { SemVer, eq, lt, parse } from "semver";
import type { Program } from "./programs.ts";

/** Whether a program can be used; if not, the reason, in words for a table. */
export type Fit = { readonly fits: true } | { readonly fits: false; readonly why: string };

/**
 * Whether version `found` of a program will do for version `program.wanted`.
 *
 * - `pulumi` and its language host: the same major version as the npm package @pulumi/pulumi, and no older, because an engine
 *   understands older SDKs but not newer ones.
 * - Resource plugins: exactly the npm package's version, build metadata aside, because the engine looks for that version in its
 *   plugin cache and ignores newer ones.
 */
export function fit(program: Program, found: string): Fit {
  const have = parse(found);
  const want = new SemVer(program.wanted);
  if (have === null) return { fits: false, why: `says no version: ${found.slice(0, 40)}` };
  if (program.plugin !== undefined && !eq(have, want))
    return { fits: false, why: `is ${found}, the engine asks for exactly ${program.wanted}` };
  if (have.major !== want.major)
    return { fits: false, why: `is ${found}, another major version than ${program.wanted}` };
  if (lt(have, want)) return { fits: false, why: `is ${found}, older than @pulumi/pulumi ${program.wanted}` };
  return { fits: true };
}
