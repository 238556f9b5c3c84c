import { z } from "zod";
import { whole } from "./key.ts";
import type { ServerConfig } from "./types.ts";

/*
 * Replicas of a server: several containers of it on its machine, each with its share of the cores and ports of its own. Where they are
 * is decided here and in threads.ts, not by server kinds. All of it is pure.
 */

/** What a replica's ports are above those of the one before it: servers of a stack stay where they are when one gets replicas. */
export const REPLICA_STEP = 100;

/** The most replicas of a server; each is a container with the server's models in memory. */
export const MOST_REPLICAS = 64;

/** The key of `lathe:settings` that all kinds have. */
export const REPLICAS = "replicas";
const Replicated = z.object({ [REPLICAS]: whole(1, MOST_REPLICAS).optional() });

/** What the docs say of it. */
export const REPLICAS_HELP =
  `Servers of every kind have \`${REPLICAS}\`, 1 to ${MOST_REPLICAS} (1 if not set): so many containers of the server. Each gets an equal share of the ` +
  `physical cores, and of a CPU quota; the other settings are those of each. Its ports are ${REPLICA_STEP} above those of the one before. Each of the ` +
  "bench's connections goes to one of them, in turn.";

/** A server's settings as they were read; undefined where they are wrong. */
interface ReadSettings<S> {
  readonly replicas: number | undefined;
  readonly settings: S | undefined;
  /** What is wrong with them. */
  readonly issues: z.core.$ZodIssue[];
}

/** Reads what a config says of a server's settings: how many replicas, and the kind's own. */
export function readSettings<S>(schema: z.ZodType<S>, value: Readonly<Record<string, unknown>>): ReadSettings<S> {
  const { [REPLICAS]: _replicas, ...own } = value;
  const [replicated, settings] = [Replicated.safeParse(value), schema.safeParse(own)];
  return {
    replicas: replicated.data?.[REPLICAS],
    settings: settings.data,
    issues: [...(replicated.error?.issues ?? []), ...(settings.error?.issues ?? [])],
  };
}

/** The containers of a server, each as the config of a server of its own: the first is the server as it would be alone. */
export function replicasOf(server: ServerConfig): ServerConfig[] {
  return Array.from({ length: server.replicas ?? 1 }, (_, before) =>
    before === 0
      ? server
      : {
          ...server,
          replica: before + 1,
          container: `${server.container}-${before + 1}`,
          // No server's name begins with a dot.
          workspace: `${server.workspace}/.replica-${before + 1}`,
          ports: Object.fromEntries(
            Object.entries(server.ports).map(([protocol, port]) => [protocol, port + before * REPLICA_STEP]),
          ),
        },
  );
}
