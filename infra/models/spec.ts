import { z } from "zod";
import type { GateModel } from "../gate/spec.ts";
import type { DeployedModel } from "../outputs.ts";
import { Owned } from "../ownership/spec.ts";

/** Input of the program that brings one version of one model to a host. */
export const DeliverSpec = Owned.extend({
  workspace: z.string().startsWith("/"),
  model: z.string().min(1),
  version: z.number().int().positive(),
  /** Where it lies below the models folder, as the server's kind says. */
  path: z.string().regex(/^(?!\.\.?(\/|$))[^/]+(\/(?!\.\.?(\/|$))[^/]+)*$/, "a relative path"),
  /** SHA-256 of the archive. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Name in the catalogue or a folder, from which the archive is made ready where it is not yet. */
  source: z.string().min(1),
  /** How the server's kind reads it (`models/forms.ts`). */
  form: z.string().min(1),
  /** Id of the container that the next one comes in the place of (leftovers.ts): its models are looked at again. */
  leftover: z.string().optional(),
  /** The server that reads the models, and its kind: it does not look again into a version that it has loaded. */
  container: z.string().min(1),
  /** A folder of the same owner on that host which may have the version already, on the same file system: its files are linked, not sent again. */
  alreadyIn: z.string().startsWith("/").optional(),
  kind: z.string().min(1),
});
export type DeliverSpec = z.infer<typeof DeliverSpec>;

/** One model, ready to be delivered. */
export interface ModelArtifact {
  readonly deployed: DeployedModel;
  /** The live version first. */
  readonly versions: readonly {
    readonly version: number;
    readonly sha256: string;
    readonly source: string;
    /** Of its archive. */
    readonly bytes?: number;
  }[];
  readonly gate: readonly GateModel[];
}
