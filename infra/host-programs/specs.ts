import { z } from "zod";
import { Security } from "../../clients/security.ts";
import { type DeployedModel, SshTarget } from "../outputs.ts";
import { ServedModel } from "../servers/tf-serving/models-config.ts";

/*
 * What the programs under `commands/` are told, on their standard input. Written by resources, read by the programs,
 * through one schema each.
 */

const target = SshTarget.nullable();
/** `PROJECT/STACK`: whose it is, and whose config says whether its machine was given up. (States of before have none.) */
const owner = z.string().default("");
/** Tells deployments of one name apart: two people's, or one's that lost its state. (States of before have none.) */
const id = z.string().default("");

/** `commands/workspace.ts`: the folder on the host that is Lathe's alone, and the files a server reads in it. */
export const WorkspaceSpec = z.object({
  target,
  /** Absolute. */
  workspace: z.string().startsWith("/"),
  /** Who it belongs to: written into it, and checked before anything is removed. */
  owner,
  id,
  /** Files below the models folder. */
  files: z.array(z.object({ name: z.string(), content: z.string(), keepProven: z.boolean().default(false) })),
});
export type WorkspaceSpec = z.infer<typeof WorkspaceSpec>;

/** `commands/sudo.ts`: the SSH user's `docker` goes through sudo. */
export const SudoSpec = z.object({ target, owner: z.string().min(1), id });
export type SudoSpec = z.infer<typeof SudoSpec>;

/** The config's key that names an image. */
export const ImageKey = z.enum(["image", "proxyImage"]);
export type ImageKey = z.infer<typeof ImageKey>;

/** `commands/image.ts`: an image on the host. */
export const ImageSpec = z.object({
  target,
  owner,
  /** With its digest. */
  reference: z.string().regex(/@sha256:[0-9a-f]{64}$/),
  key: ImageKey.default("image"),
});
export type ImageSpec = z.infer<typeof ImageSpec>;

/** `commands/deliver.ts`: one version of one model on the host. */
export const DeliverSpec = z.object({
  target,
  owner,
  id,
  workspace: z.string().startsWith("/"),
  model: z.string().min(1),
  version: z.number().int().positive(),
  /** SHA-256 of the archive. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Name in the catalogue or a folder, from which the archive is made ready where it is not yet. */
  source: z.string().min(1),
  /** The server that reads the models: it does not look again into a version that it has loaded. */
  container: z.string().min(1),
});
export type DeliverSpec = z.infer<typeof DeliverSpec>;

/** `commands/room.ts`: a deployment's names and ports, see room.ts. */
export const RoomSpec = z.object({
  target,
  owner,
  id,
  container: z.string().min(1),
  /** Id of a container that an interrupted `up` left, or empty. */
  attempt: z.string(),
  /** Whether REST has a proxy of its own: `token`. */
  rest: z.enum(["open", "token", "off"]).optional(),
  ports: z.object({ grpcPort: z.number().int().positive(), restPort: z.number().int().positive() }),
  /** The same of what stands beside the container: its proxy and their own network. Absent where there is neither. */
  beside: z.object({ workspace: z.string().startsWith("/"), proxy: z.string(), network: z.string() }).optional(),
});
export type RoomSpec = z.infer<typeof RoomSpec>;

/** A model as the gate asks for it. */
export const GateModel = z.object({
  name: z.string().min(1),
  version: z.number().int().positive(),
  /** The signature and the name of its input, a batch of uint8 images. */
  signature: z.string().min(1),
  input: z.string().min(1),
});
export type GateModel = z.infer<typeof GateModel>;

/** `commands/secrets.ts`: files that one container's user alone may read. The whole spec is a secret. */
export const SecretsSpec = z.object({
  target,
  workspace: z.string().startsWith("/"),
  owner: z.string().min(1),
  id,
  /** The container that they are for: the name of their folder. */
  container: z.string().min(1),
  /** `UID:GID` that the files are handed to where the SSH user is root; empty: left to root. */
  user: z.string(),
  files: z.array(z.object({ name: z.string(), content: z.string() })),
});
export type SecretsSpec = z.infer<typeof SecretsSpec>;

/** `commands/firewall.ts`: who is let at a server's ports. */
export const FirewallSpec = z.object({
  target,
  owner: z.string().min(1),
  id,
  bridge: z.string().min(1).max(15),
  ports: z.array(z.number().int().positive()).min(1),
  bind: z.array(z.string()).min(1),
  allow: z.array(z.string()),
  /** The host's boot: rules are gone after the next one. */
  boot: z.string(),
  /** File on the host, absolute, that tells how often they were set, and what they were then. (States of before have none.) */
  note: z.string().default(""),
  setting: z.number().int().positive().default(1),
});
export type FirewallSpec = z.infer<typeof FirewallSpec>;

/** How the gate reaches a server that not everyone may reach. Secret where it holds a security. */
export const GateAccess = z.object({
  tls: z.enum(["off", "server", "mutual"]),
  rest: z.enum(["open", "token", "off"]),
  security: z.object({ grpc: Security.optional(), rest: Security.optional() }),
  /** By an SSH tunnel to the host's loopback, because the ports are not open to this machine. */
  tunnel: z.boolean(),
  /** `UID:GID` that the container must run as; empty: its image's own. */
  user: z.string(),
});
export type GateAccess = z.infer<typeof GateAccess>;

/** `commands/gate.ts`: what must hold before a stack is up. */
export const GateSpec = z.object({
  target,
  workspace: z.string().startsWith("/"),
  address: z.string().min(1),
  grpcPort: z.number().int().positive(),
  restPort: z.number().int().positive(),
  container: z.string().min(1),
  /** The container's and the image's ids: a new container is a new gate. */
  containerId: z.string(),
  imageId: z.string(),
  /** Ids of what stands beside the container, see room.ts; absent where nothing does. */
  beside: z.object({ proxyId: z.string(), networkId: z.string() }).optional(),
  env: z.record(z.string(), z.string()),
  cpuSet: z.string(),
  memorySet: z.string(),
  /** CPUs that the server itself must see as its own, and the memory limit that it must have, read back inside. */
  cpus: z.string(),
  /** The host's CPUs that run: a mask may name others. */
  onlineCpus: z.string(),
  memoryMiB: z.number().int().positive(),
  pidsLimit: z.number().int().positive(),
  models: z.array(GateModel).min(1),
  /** What the server is told to serve, where it can be told while it runs. */
  serving: z.object({ basePath: z.string(), models: z.array(ServedModel) }).nullable(),
  timeoutSeconds: z.number().positive(),
  /** Absent: everyone may, in the clear. */
  access: GateAccess.optional(),
});
export type GateSpec = z.infer<typeof GateSpec>;

/** A gate under way. */
export interface GateRun extends GateSpec {
  /** How often Docker had restarted the container when the gate began to wait for it. */
  readonly restartsBefore: number;
}

/** What the gate saw of the running container, on its standard output. */
export const GateReport = z.object({
  /** The image's own label says that it stands in for the real server. */
  standIn: z.boolean(),
  env: z.record(z.string(), z.string()),
});
export type GateReport = z.infer<typeof GateReport>;

/** One model, ready to be delivered. */
export interface ModelArtifact {
  readonly deployed: DeployedModel;
  /** The live version first. */
  readonly versions: readonly { readonly version: number; readonly sha256: string; readonly source: string }[];
  readonly gate: readonly GateModel[];
}
