import type { HostFacts } from "../hosts/facts.ts";
import type { DockerProblem } from "../hosts/facts/parse-docker.ts";
import type { MachineScore } from "../hosts/score.ts";
import type { SshTarget } from "../hosts/target.ts";
import type { Asked } from "../images/registry.ts";
import type { Endpoint } from "../outputs.ts";
import type { ServerKind } from "../servers/kind.ts";
import type { Examination } from "./parse.ts";

/** What is known of a host that could be logged in to. */
export interface Findings {
  readonly target: SshTarget;
  readonly facts: HostFacts;
  readonly user: string;
  readonly docker: DockerProblem | undefined;
  readonly examination: Examination;
  /** How far its clock is ahead of ours, and how well that is known. */
  readonly clock: { readonly offsetMs: number; readonly uncertaintyMs: number } | undefined;
  /** The SSH user's, absolute. */
  readonly home: string;
  /** What is to be deployed there, and the ports that it will have. */
  readonly kind: Pick<ServerKind, "settings" | "settingsFor" | "defaultImage" | "imageNeeds">;
  readonly ports: readonly WantedPort[];
  /** Folder for models and agents, as `lathe:workspace` has it. */
  readonly workspace: string;
  /** The image that was named in place of the kind's own, and what its registry says of it; absent: none was. */
  /** How fast it is; absent: that was left out. */
  readonly score?: MachineScore;
  readonly image?: { readonly reference: string; readonly there: Asked };
}

/** A port that a server is to have. */
export type WantedPort = Pick<Endpoint, "protocol" | "port">;
