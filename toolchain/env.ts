import { delimiter } from "node:path";
import { compileCacheDir } from "../lib/cache/compile-cache.ts";

/** What the environment of `pulumi` is made from. */
export interface EnvParts {
  /** The environment that it is merged into. */
  readonly base: Readonly<Record<string, string | undefined>>;
  /** Folder of the `pulumi` to run. */
  readonly pulumiFolder: string;
  /** The checkout's node_modules/.bin: programs must run on the Node that is pinned there. */
  readonly nodeBin: string;
  /** A Pulumi home of Lathe's own, if a plugin is not in the user's; see `home.ts`. */
  readonly ownHome?: string;
  /** The user's own Pulumi home. */
  readonly userHome: string;
  /** Whether any program was built here, because this machine cannot download it. */
  readonly built: boolean;
}

/** The engine lists its logs at each start; 7000 of them took a quarter of that time. Lathe's own home keeps fewer. */
const LOGS_MB = "10";

/** The variables to set so that `pulumi` finds these programs and prints no warning about them. */
export function composeEnv(parts: EnvParts): Record<string, string> {
  const { base, ownHome, userHome } = parts;
  const rest = (base["PATH"] ?? "").split(delimiter).filter((dir) => dir !== "");
  const first = [parts.nodeBin, parts.pulumiFolder];
  const env: Record<string, string> = {
    PATH: [...first, ...rest.filter((dir) => !first.includes(dir))].join(delimiter),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Each resource that runs a program of Lathe's starts Node.
    NODE_COMPILE_CACHE: compileCacheDir(base),
    // The engine prefers a plugin on the PATH to any other, whatever its version, and warns of it. Plugins that fit are linked
    // into the engine's plugin cache; the others must not be used.
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
  };
  // Then a missing plugin is an error that names it, not a download that fails after minutes.
  if (parts.built) env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true";
  if (ownHome !== undefined) {
    env["PULUMI_HOME"] = ownHome;
    env["PULUMI_LOG_ROTATION_MAX_TOTAL_MB"] = base["PULUMI_LOG_ROTATION_MAX_TOTAL_MB"] ?? LOGS_MB;
    // Logins stay in the user's own folder.
    env["PULUMI_CREDENTIALS_PATH"] = base["PULUMI_CREDENTIALS_PATH"] ?? userHome;
    env["LATHE_USER_PULUMI_HOME"] = userHome;
  }
  return env;
}
