import { delimiter } from "node:path";
import { compileCacheDir } from "../lib/cache/compile-cache.ts";

/** What decides the environment that `pulumi` runs in. */
export interface EnvParts {
  /** The environment that it is merged into. */
  readonly base: Readonly<Record<string, string | undefined>>;
  /** Folder of the `pulumi` to run. */
  readonly pulumiFolder: string;
  /** The checkout's node_modules/.bin: programs must run on the Node that is pinned there. */
  readonly nodeBin: string;
  /** A Pulumi home of Lathe's own, where a plugin is not in the user's; see `home.ts`. */
  readonly ownHome?: string;
  /** The user's own Pulumi home. */
  readonly userHome: string;
  /** True where any program was built here, because downloading is no way on this machine. */
  readonly built: boolean;
}

/** Each start of the engine reads the list of its logs; 7000 took a quarter of it. Lathe's own home keeps fewer. */
const LOGS_MB = "10";

/** The variables to set, and no others, so that `pulumi` finds these programs and prints no warning about them. */
export function composeEnv(parts: EnvParts): Record<string, string> {
  const { base, ownHome, userHome } = parts;
  const rest = (base["PATH"] ?? "").split(delimiter).filter((dir) => dir !== "");
  const first = [parts.nodeBin, parts.pulumiFolder];
  const env: Record<string, string> = {
    PATH: [...first, ...rest.filter((dir) => !first.includes(dir))].join(delimiter),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Each resource that is a program of Lathe's starts a Node.
    NODE_COMPILE_CACHE: compileCacheDir(base),
    // A plugin that lies on the PATH wins over every other, whatever its version, and the engine warns of it. Those that
    // fit are linked into the plugin cache that the engine uses; those that do not must not be taken.
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
  };
  // A missing plugin then is an error that names it, not minutes of waiting for a download.
  if (parts.built) env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true";
  if (ownHome !== undefined) {
    env["PULUMI_HOME"] = ownHome;
    env["PULUMI_LOG_ROTATION_MAX_TOTAL_MB"] = base["PULUMI_LOG_ROTATION_MAX_TOTAL_MB"] ?? LOGS_MB;
    // Who the user is stays the user's: logins are read from, and written to, the place they have always been in.
    env["PULUMI_CREDENTIALS_PATH"] = base["PULUMI_CREDENTIALS_PATH"] ?? userHome;
    env["LATHE_USER_PULUMI_HOME"] = userHome;
  }
  return env;
}
