import { z } from "zod";
import { HostFacts } from "./hosts/facts.ts";
import { Tuned } from "./tuned.ts";
import { SshTarget } from "./hosts/target.ts";

/*
 * The only contract between infra and bench: what a stack promises to whoever measures it. Stacks write their outputs
 * through these schemas and the bench reads them through the same ones.
 */

/** A machine that calls are made from, or that servers stand on. */
export const Machine = z.object({
  /** What tables call it: its role (`client`, `cloud`, `edge`), or a name of the user's own. */
  id: z.string().min(1),
  ssh: SshTarget.nullable().describe("null: the machine that runs the program (stack `dev`)"),
  /** Where other machines reach its ports. */
  address: z.string().min(1),
  facts: HostFacts,
  /** Folder on the machine that Lathe owns, absolute; the agent lies below it. Destroy removes it. */
  workspace: z.string().min(1),
});
export type Machine = z.infer<typeof Machine>;

/** A port at which a server answers. */
export const Endpoint = z.object({
  /** The API that it speaks: a folder of `clients/`. */
  api: z.string().min(1),
  /** Further APIs that it speaks at the same port; absent: none. */
  also: z.array(z.string().min(1)).optional(),
  /** What its requests may carry (`ClientKind.input`); absent: anything that client kinds of its APIs send. */
  inputs: z.array(z.enum(["pixels", "file"])).optional(),
  /** How requests travel: `grpc` or `rest`, a key of `clients/registry.ts`. */
  protocol: z.string().min(1),
  /** On the machine. */
  port: z.number().int().positive(),
  /** In the clear; TLS; TLS that asks the client for a certificate; TLS by a proxy that asks for a token. */
  security: z.enum(["none", "tls", "mutual-tls", "token"]),
});
export type Endpoint = z.infer<typeof Endpoint>;

/** Every API that an endpoint speaks, its first one first. Pure. */
export function apisOf({ api, also = [] }: Pick<Endpoint, "api" | "also">): readonly string[] {
  return [api, ...also];
}

/** Where on its machine a server may run, and why. */
export const Placement = z.object({
  /** Physical cores that the host's processes may use. */
  physicalCores: z.number().int().positive(),
  /** Logical CPUs the container is pinned to, as Docker's `--cpuset-cpus` takes them; absent: not pinned. */
  cpuSet: z.string().optional(),
  /** Memory nodes of those CPUs, as `--cpuset-mems` takes them. */
  memorySet: z.string().optional(),
  /** Why these settings, in a sentence or two for people. */
  reason: z.string(),
});
export type Placement = z.infer<typeof Placement>;

/** A model as it is deployed. */
export const DeployedModel = z.object({
  /** Name on the server; in the catalogue too, unless `from` says where it is from. */
  name: z.string().min(1),
  /** The version that is live, and has the label `stable`. */
  version: z.number().int().positive(),
  /** SHA-256 of the delivered model archive. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Another catalogue name, or a folder of the user's own. */
  from: z.string().optional(),
  /** A version that is served beside it, and has the label `canary`. */
  canary: z
    .object({ version: z.number().int().positive(), sha256: z.string().regex(/^[0-9a-f]{64}$/), from: z.string() })
    .optional(),
  /** Which of the paper's models this stands for, if any. */
  paperModel: z.enum(["rfcn", "ssd"]).optional(),
  /** Its detections mean nothing (untrained weights): only its time may be reported. */
  timingOnly: z.boolean(),
  /** The model that answers a constant: its latency is protocol and wire without a model. */
  isNull: z.boolean(),
  /** Name of the label map its class numbers index, if it has one. */
  labels: z.string().optional(),
  signatures: z.array(z.string()),
});
export type DeployedModel = z.infer<typeof DeployedModel>;

/** What a stack promises of who may reach its server: part of a server's outputs. Nothing of it is secret. */
export const DeployedAccess = z.object({
  /** The stack whose output `latheSecrets` has what clients need. */
  stack: z.string().min(1),
  expose: z.enum(["address", "everywhere", "tunnel"]),
  /** Addresses and networks that the host's firewall lets in; empty: it lets in nobody else, or has no rule. */
  allowFrom: z.array(z.string()),
  /** Signs the server's certificate, PEM; absent where no endpoint has one. */
  ca: z.string().optional(),
  /** The name in it that clients check. */
  serverName: z.string().optional(),
});
export type DeployedAccess = z.infer<typeof DeployedAccess>;

/** A further container of a server: what it does not have in common with the first. */
export const Replica = z.object({
  container: z.string().min(1),
  placement: Placement,
  /** On the machine, in the order of the server's endpoints. */
  ports: z.array(z.number().int().positive()).min(1),
  /** Its folder on the machine, absolute. */
  workspace: z.string().min(1),
});
export type Replica = z.infer<typeof Replica>;

/** Characters of a note on a server that are kept. */
export const MOST_NOTE = 240;

/** One server on one machine. */
export const Server = z.object({
  /** What tables call it: its machine's id where it is alone there, else `MACHINE/NAME`. */
  id: z.string().min(1),
  /** The machine that it stands on. */
  machineId: z.string().min(1),
  /** Server kind, as `lathe:server` names it. */
  kind: z.string().min(1),
  container: z.string().describe("the container's name on that machine"),
  image: z.string().describe("image reference with digest, as it was deployed"),
  /** True if a stand-in serves in place of the real server's binary: said wherever its numbers appear. */
  standIn: z.boolean(),
  /** What a reader must know of it, as its image says or its gate has seen: said wherever its numbers appear. Absent: nothing. */
  note: z.string().min(1).max(MOST_NOTE).optional(),
  /** The image's size on the machine: the sum of its layers, unpacked. Absent: the engine did not tell, or the record is older. */
  imageBytes: z.number().int().positive().optional(),
  /** Seconds from the container's start until every model had answered at every endpoint; absent: the gate has not seen it start. */
  readySeconds: z.number().nonnegative().optional(),
  /** Which build of the server, in the kind's own words: settings may act in one build alone. */
  build: z.string(),
  placement: Placement,
  /** The kind's own settings as the running server has them, by the names that its documentation uses. */
  settings: z.record(z.string(), z.string()),
  /** What `lathe tune` has found, by which it is set up, and what has changed since, in words; absent: it is not tuned. */
  tuned: z.object({ found: Tuned, stale: z.array(z.string()) }).optional(),
  /** Where it answers; a closed port is not among them. */
  endpoints: z.array(Endpoint).min(1),
  /** Its further containers, which answer as the first does: a connection goes to one of all, in turn. Absent: it has one. */
  replicas: z.array(Replica).min(1).optional(),
  models: z.array(DeployedModel).min(1),
  /** Where it tells its own latencies, and in which form (the name of an API that can read it); absent where it does not. */
  metrics: z.object({ api: z.string(), protocol: z.string(), path: z.string().startsWith("/") }).optional(),
  /** Folder on the machine with its models and secrets, absolute. Destroy removes it. */
  workspace: z.string().min(1),
  /** Who may reach it, and how. */
  access: DeployedAccess,
});
export type Server = z.infer<typeof Server>;

/** All containers of a server, the first one first. Pure. */
export function containersOf<S extends Pick<Server, "container" | "workspace" | "replicas">>(
  server: S,
): readonly Pick<Replica, "container" | "workspace">[] {
  return [server, ...(server.replicas ?? [])];
}

/** The ports of an endpoint of a server, one for each of its containers. Pure. */
export function portsOf({ endpoints, replicas = [] }: Pick<Server, "endpoints" | "replicas">, endpoint: Endpoint) {
  const at = endpoints.indexOf(endpoint);
  return [endpoint.port, ...replicas.flatMap(({ ports }) => ports[at] ?? [])];
}

/** The stack output `lathe`: one machine and the servers that the stack has put on it. */
export const StackOutputs = z.object({
  schema: z.literal("lathe.outputs/2"),
  machine: Machine,
  servers: z.array(Server).min(1),
});
export type StackOutputs = z.infer<typeof StackOutputs>;

/** What clients of one server need to be let in. */
export const ServerSecrets = z.object({
  /** The server's id. */
  server: z.string().min(1),
  clientCert: z.string(),
  clientKey: z.string(),
  token: z.string(),
});
export type ServerSecrets = z.infer<typeof ServerSecrets>;

/** The stack output `latheSecrets`, encrypted in the state: there where a server has secrets. */
export const StackSecrets = z.object({ schema: z.literal("lathe.secrets/2"), servers: z.array(ServerSecrets).min(1) });
export type StackSecrets = z.infer<typeof StackSecrets>;

/**
 * Whether two machines of outputs are one, whatever their roles: cells between them are local. Machines made of one disk image
 * may share a machine id, and machines without one may share a name: what both tell must be the same. Pure.
 */
export function isSameMachine(a: Machine, b: Machine): boolean {
  if (a.ssh === null || b.ssh === null) return a.ssh === b.ssh;
  const [x, y] = [a.facts.machineId, b.facts.machineId];
  if (x !== undefined && y !== undefined) return x === y && a.facts.hostname === b.facts.hostname;
  return a.ssh.destination === b.ssh.destination && a.ssh.configFile === b.ssh.configFile;
}
