import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { progress as stderrProgress, type Progress } from "../lib/progress.ts";
import { join } from "node:path";
import { build } from "./build.ts";
import { composeEnv } from "./env.ts";
import { locate, userPulumiHome, type Found, type Missing } from "./find.ts";
import { layOut } from "./home.ts";
import { install } from "./install.ts";
import { programs, type Program } from "./programs.ts";

export type { Found, Missing } from "./find.ts";

/** Pulumi's programs, ready to run. */
export interface Toolchain {
  /** pulumi, pulumi-language-nodejs, pulumi-resource-command, pulumi-resource-docker. */
  readonly programs: readonly Found[];
  /** What to add to the environment of `pulumi`. Run it by that name: it is on this PATH. */
  readonly env: Readonly<Record<string, string>>;
}

/** Looks for every program on this machine. Builds and fetches nothing. */
export function locateToolchain(): Promise<(Found | Missing)[]> {
  return locate(programs(), process.env);
}

/** This machine's toolchain. @throws UserError if a program is missing (`ensureToolchain` gets it) */
export async function resolveToolchain(): Promise<Toolchain> {
  const all = await locateToolchain();
  const missing = all.filter(isMissing);
  if (missing.length > 0)
    throw new UserError(
      missing.map((p) => ({
        what: `${p.name} is not on this machine${p.why === undefined ? "" : ` (${p.why})`}`,
        fix: "npx lathe toolchain build",
      })),
    );
  return compose(all as Found[]);
}

/** This machine's toolchain. Missing programs are fetched, or built from Go modules. @throws UserError if that fails */
export async function ensureToolchain(progress?: Progress): Promise<Toolchain> {
  let all = await locateToolchain();
  const isMissingNow = ({ name }: Program) => all.some((p) => p.name === name && isMissing(p));
  const missing = programs().filter(isMissingNow);
  if (missing.length === 0) return compose(all as Found[]);
  const say = progress ?? stderrProgress(missing.length);
  if (await install(all, missing, say)) all = await locateToolchain();
  for (const program of missing.filter(isMissingNow)) {
    const { builtVersion, expectedSeconds } = program.recipe;
    say.step(`building ${program.name} ${builtVersion} from Go modules`, expectedSeconds);
    await build(program, say);
  }
  say.done();
  return resolveToolchain();
}

/** Whether a program is not there. */
export function isMissing(program: Found | Missing): program is Missing {
  return "missing" in program;
}

async function compose(found: readonly Found[]): Promise<Toolchain> {
  const layout = await layOut(programs(), found);
  const env = composeEnv({
    base: process.env,
    nodeBin: join(repoRoot, "node_modules", ".bin"),
    userHome: userPulumiHome(),
    built: found.some((p) => p.from === "built"),
    ...layout,
  });
  return { programs: found, env };
}
