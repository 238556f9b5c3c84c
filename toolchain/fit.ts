import { SemVer, coerce, eq, gte, lt, parse } from "semver";
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

/** What the machine's Go can do for a build that needs version `needed` (as in a go.mod file). */
export type GoPlan =
  | { readonly use: "local" }
  /** This Go is too old but can fetch the one that is needed through the user's module proxy. */
  | { readonly use: "fetch"; readonly toolchain: string }
  | { readonly use: "none"; readonly why: string };

/** Decides by Go's version as `go env GOVERSION` prints it (`go1.26.8`); undefined where there is no Go. */
export function goPlan(found: string | undefined, needed: string): GoPlan {
  if (found === undefined) return { use: "none", why: "there is no go on the PATH" };
  const have = /^go\d/.test(found) ? coerce(found) : null;
  if (have === null) return { use: "none", why: `go says version "${found}"` };
  if (gte(have, coerce(needed) ?? needed)) return { use: "local" };
  // Go has fetched toolchains as modules since 1.21.
  if (gte(have, "1.21.0")) return { use: "fetch", toolchain: `go${needed}` };
  return { use: "none", why: `go is ${found.replace(/^go/, "")}` };
}
