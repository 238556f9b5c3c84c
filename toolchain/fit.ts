import { SemVer, eq, lt, parse } from "semver";
import type { Program } from "./programs.ts";

/** Whether a program that was found can be used, and if not, why, in words for a table. */
export type Fit = { readonly fits: true } | { readonly fits: false; readonly why: string };

/**
 * Whether a program of version `found` serves where `program.wanted` is asked for.
 *
 * - `pulumi`, and the language host that stands beside it: the same major version and no older than the npm package
 *   @pulumi/pulumi, because an engine understands the SDKs of its own past, not of its future.
 * - Resource plugins: exactly the npm package's version, build metadata aside, because that is what the engine looks for
 *   in its plugin cache (semver's EQ; a newer plugin there is passed over).
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
