import { z } from "zod";
import { quote, quoteAll } from "../../lib/quote.ts";

/** What `docker inspect` says of a container, as far as `docker run` has options for it. */
export const Inspected = z.object({
  Name: z.string(),
  Config: z.object({
    Env: z.array(z.string()),
    Cmd: z.array(z.string()),
    Labels: z.record(z.string(), z.string()),
    Healthcheck: z.object({
      Test: z.array(z.string()),
      Interval: z.number(),
      Timeout: z.number(),
      StartPeriod: z.number(),
      Retries: z.number(),
    }),
  }),
  HostConfig: z.object({
    RestartPolicy: z.object({ Name: z.string() }),
    PortBindings: z.record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() }))),
    Mounts: z.array(z.object({ Type: z.string(), Source: z.string(), Target: z.string() })),
    Tmpfs: z.record(z.string(), z.string()),
    ReadonlyRootfs: z.boolean(),
    Memory: z.number(),
    MemorySwap: z.number(),
    PidsLimit: z.number(),
    NetworkMode: z.string(),
    CapDrop: z.array(z.string()),
    SecurityOpt: z.array(z.string()),
    LogConfig: z.object({ Type: z.string(), Config: z.record(z.string(), z.string()) }),
  }),
});
export type Inspected = z.infer<typeof Inspected>;

/** Variables whose value is the number of threads. Each contender finds that number itself. */
const THREADS = ["OMP_NUM_THREADS", "TENSORFLOW_INTRA_OP_PARALLELISM"];

/**
 * The arguments of `docker run` that make a container like an inspected one: the other contenders' containers get the settings of
 * Lathe's. `@WORKSPACE@`, `@THREADS@` and `@ADDRESS@` (in place of `address`) stand for values of each contender and host.
 */
export function dockerRunArgs({ Name, Config, HostConfig }: Inspected, address: string): string[] {
  const { Healthcheck } = Config;
  const variables = Config.Env.filter((env) => !env.startsWith("PATH=")).map((env) => {
    const name = env.slice(0, env.indexOf("="));
    return THREADS.includes(name) ? `${name}=@THREADS@` : env;
  });
  const ports = Object.entries(HostConfig.PortBindings).flatMap(([inner, bound]) =>
    bound.map(({ HostIp, HostPort }) => {
      const where = HostIp === "" ? "" : `${HostIp === address ? "@ADDRESS@" : HostIp}:`;
      return `${where}${HostPort}:${inner}`;
    }),
  );
  const mounts = HostConfig.Mounts.map(
    ({ Type, Source, Target }) =>
      `type=${Type},source=${Source.replace(/^.*\/models$/, "@WORKSPACE@/models")},target=${Target},readonly`,
  );
  const pairs = (map: Readonly<Record<string, string>>, between: string) =>
    Object.entries(map).map(([name, value]) => `${name}${between}${value}`);
  const option = (name: string, values: readonly string[]) => values.flatMap((value) => [name, value]);
  return [
    ...["run", "--detach", "--name", Name.replace(/^\//, ""), "--restart", HostConfig.RestartPolicy.Name],
    ...option("--env", variables),
    ...option("--publish", ports),
    ...option("--mount", mounts),
    ...option("--tmpfs", pairs(HostConfig.Tmpfs, ":")),
    ...(HostConfig.ReadonlyRootfs ? ["--read-only"] : []),
    ...["--memory", `${HostConfig.Memory}b`, "--memory-swap", `${HostConfig.MemorySwap}b`],
    ...["--pids-limit", `${HostConfig.PidsLimit}`, "--network", HostConfig.NetworkMode],
    ...option("--cap-drop", HostConfig.CapDrop),
    ...option("--security-opt", HostConfig.SecurityOpt),
    ...["--log-driver", HostConfig.LogConfig.Type],
    ...option("--log-opt", pairs(HostConfig.LogConfig.Config, "=")),
    ...["--health-cmd", Healthcheck.Test.slice(1).join(" "), "--health-interval", `${Healthcheck.Interval}ns`],
    ...["--health-timeout", `${Healthcheck.Timeout}ns`, "--health-retries", `${Healthcheck.Retries}`],
    ...["--health-start-period", `${Healthcheck.StartPeriod}ns`],
    ...option("--label", pairs(Config.Labels, "=")),
  ];
}

/** Placeholders in words of a command, and the shell variables for them. */
const VARIABLES: Readonly<Record<string, string>> = {
  "@WORKSPACE@": '"$1"',
  "@THREADS@": '"$2"',
  "@ADDRESS@": '"$4"',
  "@SETTINGS@": '"$settings"',
};

/** A script that starts a container if it does not run. Its arguments are workspace, threads, image and the host's address. */
export function containerScript(args: readonly string[], command: readonly string[]): string {
  const name = quote(args[args.indexOf("--name") + 1] ?? "");
  const [verb = "run", ...rest] = args;
  const line = [verb, "--label", "bench.settings=@SETTINGS@", ...rest].map(shellWord).join(" ");
  const asked = `docker inspect -f '{{.State.Status}} {{index .Config.Labels "bench.settings"}}' ${name}`;
  return [
    `settings=$(printf '%s ' "$@" ${quoteAll([...args, ...command])} | sha256sum | cut -c 1-16)`,
    `if [ "$(${asked} 2>/dev/null || true)" = "running $settings" ]; then exit 0; fi`,
    `docker rm -f ${name} >/dev/null 2>&1 || true`,
    `docker ${line} "$3" ${quoteAll(command)}`,
    "",
  ].join("\n");
}

function shellWord(word: string): string {
  const parts = word.split(/(@[A-Z]+@)/).filter((part) => part !== "");
  return parts.map((part) => VARIABLES[part] ?? quote(part)).join("");
}
