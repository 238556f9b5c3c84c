import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { Credentials } from "../access/certificates.ts";
import type { ServerAccess } from "../access/plan.ts";
import type { ServerConfig } from "../config/types.ts";
import type { HostFacts } from "../hosts/facts.ts";
import type { SshTarget } from "../hosts/target.ts";
import type { ModelArtifact } from "../models/spec.ts";
import type { Placement, Server } from "../outputs.ts";
import type { Leftovers } from "../ownership/leftovers.ts";
import { ID_LABEL, LEFTOVER_LABEL, OWNER_LABEL, SERVER_LABEL } from "../hosts/labels.ts";
import type { ContainerSpec, ServerKind } from "../servers/kind.ts";
import type { KeptCredentials } from "./credentials.ts";

/** Everything about one server, decided before any resource exists: plain values, so that a plan shows them. */
export interface ModelServerArgs {
  /** The machine's Docker engine. */
  readonly provider: docker.Provider;
  /** The server's image on that engine, which other servers there may share. */
  readonly remoteImage: docker.RemoteImage;
  readonly config: ServerConfig;
  /** The id of its machine. */
  readonly machineId: string;
  readonly target: SshTarget | null;
  readonly address: string;
  readonly access: ServerAccess;
  /** The image of the proxy before REST on that engine; undefined if there is none. */
  readonly proxyImage: docker.RemoteImage | undefined;
  /** Taken where the state has none yet; undefined if the access needs none. */
  readonly freshCredentials: Credentials | undefined;
  readonly facts: HostFacts;
  readonly kind: ServerKind;
  readonly placement: Placement;
  readonly tuned?: Server["tuned"];
  readonly spec: ContainerSpec;
  /** Undefined: the machine's engine has no controller for it. */
  readonly memoryMiB: number | undefined;
  /** The image's reference with digest. */
  readonly image: string;
  readonly models: readonly ModelArtifact[];
  /** Folder on the host, absolute. */
  readonly workspace: string;
  /** What makes that folder, and the server's files in it. */
  readonly folder: pulumi.Resource;
  /** What an interrupted `up` left of it. */
  readonly leftovers: Leftovers;
  /** The server's first container, of which this is a replica: it has its credentials, and takes the models from its folder. */
  readonly first?: FirstOfReplicas | undefined;
  /** `PROJECT/STACK`: whose the container and the workspace are. */
  readonly owner: string;
}

/** What replicas of a server take from its first container. */
export interface FirstOfReplicas {
  /** Its folder on the machine. */
  readonly workspace: string;
  /** The models' deliveries to that folder. */
  readonly delivered: readonly pulumi.Resource[];
  readonly credentials: KeptCredentials | undefined;
}

/** Input of each part of a server. */
export interface Part {
  /** The server's resource: its children's names begin with it. */
  readonly name: string;
  readonly args: ModelServerArgs;
  /** Whose it is, as the host tells it from other deployments': no other stack has it, and it stays as long as the stack does. */
  readonly id: pulumi.Input<string>;
  /** Undefined if the server has none. */
  readonly credentials: KeptCredentials | undefined;
  readonly child: pulumi.CustomResourceOptions;
}

/** Labels of a container or a network: whose it is, and the leftover that it came in the place of, if any. */
export function labelsOf({ name, args, id }: Part, leftover: string): Record<string, pulumi.Input<string>> {
  const own = { [ID_LABEL]: id, [OWNER_LABEL]: args.owner, [SERVER_LABEL]: name };
  return leftover === "" ? own : { ...own, [LEFTOVER_LABEL]: leftover };
}

/** Names a text whose change means another container. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** `UID:GID` that a server's container runs as; empty: whom its image says. */
export function userOf({ access: { user } }: ModelServerArgs): string {
  return user === null ? "" : `${user.uid}:${user.gid}`;
}
