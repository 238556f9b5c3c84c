import { z } from "zod";
import { type DeployedModel, SshTarget } from "../outputs.ts";

/*
 * What the programs under `commands/` are told, on their standard input. Written by resources, read by the programs,
 * through one schema each.
 */

const target = SshTarget.nullable();

/** `commands/workspace.ts`: the folder on the host that is Lathe's alone, and the files a server reads in it. */
export const WorkspaceSpec = z.object({
  target,
  /** Absolute. */
  workspace: z.string().startsWith("/"),
  /** Who it belongs to: written into it, and checked before anything is removed. */
  owner: z.string().min(1),
  /** Files below the models folder. */
  files: z.array(z.object({ name: z.string(), content: z.string() })),
});
export type WorkspaceSpec = z.infer<typeof WorkspaceSpec>;

/** `commands/image.ts`: an image on the host. */
export const ImageSpec = z.object({
  target,
  /** With its digest. */
  reference: z.string().regex(/@sha256:[0-9a-f]{64}$/),
});
export type ImageSpec = z.infer<typeof ImageSpec>;

/** `commands/deliver.ts`: one version of one model on the host. */
export const DeliverSpec = z.object({
  target,
  workspace: z.string().startsWith("/"),
  model: z.string().min(1),
  version: z.number().int().positive(),
  /** SHA-256 of the archive. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Name in the catalogue, from which the archive is made ready where it is not yet. */
  catalogueName: z.string().min(1),
  /** The server that reads the models: it does not look again into a version that it has loaded. */
  container: z.string().min(1),
});
export type DeliverSpec = z.infer<typeof DeliverSpec>;

/** A model as the gate asks for it. */
export const GateModel = z.object({
  name: z.string().min(1),
  version: z.number().int().positive(),
  /** The signature and the name of its input, a batch of uint8 images. */
  signature: z.string().min(1),
  input: z.string().min(1),
});
export type GateModel = z.infer<typeof GateModel>;

/** `commands/gate.ts`: what must hold before a stack is up. */
export const GateSpec = z.object({
  target,
  address: z.string().min(1),
  grpcPort: z.number().int().positive(),
  restPort: z.number().int().positive(),
  container: z.string().min(1),
  /** The container's and the image's ids: a new container is a new gate. */
  containerId: z.string(),
  imageId: z.string(),
  env: z.record(z.string(), z.string()),
  cpuSet: z.string(),
  memorySet: z.string(),
  pidsLimit: z.number().int().positive(),
  models: z.array(GateModel).min(1),
  timeoutSeconds: z.number().positive(),
});
export type GateSpec = z.infer<typeof GateSpec>;

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
  readonly catalogueName: string;
  readonly gate: GateModel;
}
