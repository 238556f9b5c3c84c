import { z } from "zod";
import { Security } from "../../clients/security.ts";
import { SshTarget } from "../hosts/target.ts";
import { Endpoint, MOST_NOTE } from "../outputs.ts";

/* What the gate gets and what it reports: resources write it, its program reads it, through one schema each. */

/** A model as the gate asks for it. */
export const GateModel = z.object({
  name: z.string().min(1),
  version: z.number().int().positive(),
  /** The signature and the name of its input, a batch of uint8 images. */
  signature: z.string().min(1),
  input: z.string().min(1),
});
export type GateModel = z.infer<typeof GateModel>;

/** An open endpoint as the gate reaches it. Secret where it holds what clients need. */
export const GateEndpoint = Endpoint.extend({
  containerPort: z.number().int().positive(),
  /** What clients need there; absent: nothing. */
  client: Security.optional(),
});
export type GateEndpoint = z.infer<typeof GateEndpoint>;

/** What must hold before a server is up. */
export const GateSpec = z.object({
  target: SshTarget.nullable(),
  workspace: z.string().startsWith("/"),
  /** Server kind. */
  kind: z.string().min(1),
  address: z.string().min(1),
  endpoints: z.array(GateEndpoint).min(1),
  /** By an SSH tunnel to the host's loopback, because the ports are not open to this machine. */
  tunnel: z.boolean(),
  container: z.string().min(1),
  /** The container's and the image's ids: a new container is a new gate. */
  containerId: z.string(),
  imageId: z.string(),
  /** Ids of what stands beside the container; absent where nothing does. */
  beside: z.object({ proxyId: z.string(), networkId: z.string() }).optional(),
  /** `UID:GID` that the container must run as; empty: its image's own. */
  user: z.string(),
  env: z.record(z.string(), z.string()),
  cpuSet: z.string(),
  memorySet: z.string(),
  /** CPUs that the server itself must see as its own, and the memory limit that it must have, read back inside. */
  cpus: z.string(),
  /** The host's CPUs that run: a mask may name others. */
  onlineCpus: z.string(),
  memoryMiB: z.number().int().positive().nullable().describe("null: the machine's engine has no controller for it"),
  pidsLimit: z.number().int().positive().nullable().describe("null: the same"),
  models: z.array(GateModel).min(1),
  /** What the server is to serve, in its kind's own form (`ContainerSpec.serving`). */
  serving: z.unknown(),
  timeoutSeconds: z.number().positive(),
});
export type GateSpec = z.infer<typeof GateSpec>;

/** A gate under way. */
export interface GateRun extends GateSpec {
  /** How often Docker had restarted the container when the gate began to wait for it. */
  readonly restartsBefore: number;
  /** How long the container had run when the gate began, by its host's clock, s; absent: for longer than a start takes. */
  readonly ranSeconds?: number;
  /** What the kind's state file on the host said when the gate began; empty if there is none. */
  readonly state: string;
}

/** What the gate saw of the running container, on its standard output. */
export const GateReport = z.object({
  /** The image's own label says that it stands in for the real server. */
  standIn: z.boolean(),
  /** What a reader must know of the server, in one line: by its machine, by its image's label or its kind. Absent: nothing. */
  note: z.string().min(1).max(MOST_NOTE).optional(),
  /** The image's size as the engine tells it: the sum of its layers, unpacked. Absent: it did not tell. */
  imageBytes: z.number().int().positive().optional(),
  /** Seconds from the container's start until all models had answered; absent: it ran before. */
  readySeconds: z.number().nonnegative().optional(),
  /** The planned variables, as the server's first process has them. */
  env: z.record(z.string(), z.string()),
  /** Arguments after the image's entry point. */
  command: z.array(z.string()),
});
export type GateReport = z.infer<typeof GateReport>;

/** The open endpoint of a protocol; undefined if there is none. Pure. */
export function endpointOf({ endpoints }: Pick<GateSpec, "endpoints">, protocol: string): GateEndpoint | undefined {
  return endpoints.find((endpoint) => endpoint.protocol === protocol);
}

/** A file in the models folder in which a kind's gate keeps what a server was last seen to serve. */
export interface GateState {
  readonly file: string;
  /** What it says once the gate has passed. */
  text(run: GateRun): string;
  /** Whether the text of such a file is of a server that was seen to serve what it says. */
  isProven(text: string): boolean;
  /** Whether a server with such a file serves this version. */
  serves(text: string, model: string, version: number): boolean;
}

/** How a kind's gate does what is the kind's own. Each throws a `UserError` with the reason where it does not hold. */
export interface KindGate {
  /** Waits until a model answers at all, in the version that was delivered. */
  ready(run: GateRun, model: GateModel, deadline: number): Promise<void>;
  /** Asks a model for one real answer at each open endpoint. */
  smoke(run: GateRun, model: GateModel, deadline: number): Promise<void>;
  /** Brings a running server to serve what the stack wants, new versions beside old; absent: a new container serves them. */
  rollOut?(run: GateRun, deadline: number, check: (models: readonly GateModel[]) => Promise<void>): Promise<void>;
  /** What must hold once all models answer; absent: nothing more. */
  served?(run: GateRun): Promise<void>;
  /** What a reader must know of every server of the kind, in one sentence; the note of an image takes its place. Absent: nothing. */
  readonly note?: string;
  /** What a reader must know of this server on its machine, in one sentence; it comes before any other note. Undefined: nothing. */
  noteOn?(run: GateRun): Promise<string | undefined>;
  /** Read before the rollout (`GateRun.state`) and written once all holds; absent: nothing is kept. */
  readonly state?: GateState;
}
