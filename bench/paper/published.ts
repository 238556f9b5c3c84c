import tables from "./tables.json" with { type: "json" };

/** The paper's four combinations of model and protocol, in the order of its tables. */
export const COMBINATIONS = [
  { key: "rfcn-grpc", paperModel: "rfcn", protocol: "grpc", title: "R-FCN\ngRPC" },
  { key: "rfcn-rest", paperModel: "rfcn", protocol: "rest", title: "R-FCN\nREST" },
  { key: "ssd-grpc", paperModel: "ssd", protocol: "grpc", title: "SSD\ngRPC" },
  { key: "ssd-rest", paperModel: "ssd", protocol: "rest", title: "SSD\nREST" },
] as const;
export type Combination = (typeof COMBINATIONS)[number];

/** The paper's machines, in the order of its tables. */
export const ROLES = ["client", "cloud", "edge"] as const;

/** One of the paper's experiments. */
export interface Experiment {
  readonly id: "local" | "remoteImage2" | "remoteImage7";
  readonly title: string;
  /** Local: each machine is its own client. Remote: every request comes from the client machine. */
  readonly calls: "local" | "remote";
  /** The one image it uses, or null: all of them. */
  readonly image: string | null;
}

const REMOTE = "Remote: requests from the client machine";
export const EXPERIMENTS: readonly [Experiment, ...Experiment[]] = [
  { id: "local", title: "Table 1. Local: each machine is its own client", calls: "local", image: null },
  { id: "remoteImage2", title: `Table 2. ${REMOTE}, Image-2`, calls: "remote", image: "image-2" },
  { id: "remoteImage7", title: `Table 3. ${REMOTE}, Image-7`, calls: "remote", image: "image-7" },
];

/** What the paper published for one number of its tables, mean latency in milliseconds; undefined if it has none. */
export function publishedMs(experiment: Experiment, role: string, combination: Combination): number | undefined {
  const byRole: Readonly<Record<string, Readonly<Record<string, number>>>> = tables.experiments[experiment.id].meanMs;
  return byRole[role]?.[combination.key];
}

/** The Geekbench scores of the paper's machine of a role; undefined if it has no such machine. */
export function geekbenchOf(role: string): { readonly single: number; readonly multi: number } | undefined {
  return ROLES.includes(role as (typeof ROLES)[number])
    ? tables.testbed[role as (typeof ROLES)[number]].geekbench
    : undefined;
}
