import type { Program } from "./programs.ts";

/** A version's three numbers. Pre-release and build metadata are kept apart. */
interface Version {
  readonly numbers: readonly [number, number, number];
  readonly preRelease: string;
}

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
  const have = parseVersion(found);
  const want = parseVersion(program.wanted);
  if (have === undefined || want === undefined) return { fits: false, why: `says no version: ${found.slice(0, 40)}` };
  if (program.plugin !== undefined) {
    const same = compare(have, want) === 0;
    return same ? { fits: true } : { fits: false, why: `is ${found}, the engine asks for exactly ${program.wanted}` };
  }
  if (have.numbers[0] !== want.numbers[0])
    return { fits: false, why: `is ${found}, another major version than ${program.wanted}` };
  if (compare(have, want) < 0) return { fits: false, why: `is ${found}, older than @pulumi/pulumi ${program.wanted}` };
  return { fits: true };
}

/** Reads `v1.2.3-rc.1+meta`; undefined where the text is no version. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(text.trim());
  if (match === null) return undefined;
  return { numbers: [Number(match[1]), Number(match[2]), Number(match[3])], preRelease: match[4] ?? "" };
}

/** Less than, equal or greater than 0, by semver's order of releases; a pre-release comes before its release. */
function compare(a: Version, b: Version): number {
  for (let i = 0; i < 3; i++) {
    const difference = (a.numbers[i] ?? 0) - (b.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.preRelease === b.preRelease) return 0;
  if (a.preRelease === "") return 1;
  if (b.preRelease === "") return -1;
  return a.preRelease < b.preRelease ? -1 : 1;
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
  const have = parseGoVersion(found);
  const want = parseGoVersion(needed);
  if (have === undefined || want === undefined) return { use: "none", why: `go says version "${found}"` };
  if (compare(have, want) >= 0) return { use: "local" };
  // Go has fetched toolchains as modules since 1.21.
  if (have.numbers[0] === 1 && have.numbers[1] >= 21) return { use: "fetch", toolchain: `go${needed}` };
  return { use: "none", why: `go is ${found.replace(/^go/, "")}` };
}

function parseGoVersion(text: string): Version | undefined {
  const match = /^(?:go)?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text.trim());
  if (match === null) return undefined;
  return { numbers: [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)], preRelease: "" };
}
