import * as pulumi from "@pulumi/pulumi";
import type { Credentials } from "../access/certificates.ts";
import type { Owned } from "../ownership/spec.ts";
import { modelFormOf, type SecretFile, type ServerFile } from "../servers/kind.ts";
import { hostCommand } from "./host-command.ts";
import { userOf, type Part } from "./server-args.ts";

/* What must lie on the host before a server's container starts. */

/** A folder on a host that is Lathe's alone, and files of a server in it. */
export interface Folder extends Pick<Owned, "target" | "owner"> {
  readonly id: pulumi.Input<string>;
  /** Absolute. */
  readonly workspace: string;
  readonly files: readonly ServerFile[];
}

/** Makes such a folder; destroy removes it with all that is in it. */
export function workspaceFolder(name: string, folder: Folder, options: pulumi.CustomResourceOptions): pulumi.Resource {
  return hostCommand(
    name,
    { program: "workspace", spec: folder, triggers: [folder.workspace] },
    // The folder is Lathe's by its path: a new resource for the same path must not be removed by the old one's undo.
    { ...options, deleteBeforeReplace: true },
  );
}

/** A resource for each model's version: a new one before the gate, an old one gone after it has passed. */
export function deliveries({ name, child, args, id }: Part): pulumi.CustomResource[] {
  const { target, owner, workspace, config, kind, first } = args;
  return args.models.flatMap(({ deployed: { name: model }, versions }) =>
    versions.map(({ version, sha256, source }) =>
      hostCommand(
        `${name}-model-${model}-${version}`,
        {
          program: "deliver",
          spec: {
            ...{ target, owner, id, workspace, model, version, sha256, source },
            ...{ path: kind.modelPath(model, version), container: config.container },
            ...{ kind: kind.name, form: modelFormOf(kind), leftover: args.leftovers.container },
            ...(first === undefined ? {} : { alreadyIn: first.workspace }),
          },
          // No triggers: the undo of a replaced resource comes late, and would take away what lies there by then.
        },
        { ...child, dependsOn: [args.folder, ...(first?.delivered ?? [])] },
      ),
    ),
  );
}

/** Files that the server alone may read; none if it has no secrets. */
export function serverSecrets(part: Part): pulumi.CustomResource[] {
  const { config, kind, access, freshCredentials, folder } = part.args;
  const files = (made: Credentials) => kind.secretFiles(access.config, made);
  if (freshCredentials === undefined || files(freshCredentials).length === 0) return [];
  const made = { container: config.container, user: userOf(part.args), files, after: [folder] };
  return secretsFor(part, `${part.name}-secrets`, made);
}

/** Files that one container alone may read. */
interface Secrets {
  readonly container: string;
  /** `UID:GID` that it runs as; empty: whom its image says. */
  readonly user: string;
  readonly files: (made: Credentials) => SecretFile[];
  readonly after: readonly pulumi.Resource[];
}

/** Such files as a resource; none if the server has no credentials. */
export function secretsFor(
  { child, args, id: whose, credentials }: Part,
  name: string,
  { container, user, files, after }: Secrets,
): pulumi.CustomResource[] {
  if (credentials === undefined) return [];
  const { target, workspace, owner } = args;
  const spec = pulumi
    .all([credentials.all, whose])
    .apply(([made, id]) => ({ target, workspace, owner, id, container, user, files: files(made) }));
  const options = { ...child, dependsOn: [...after], deleteBeforeReplace: true };
  return [hostCommand(name, { program: "secrets", spec, triggers: [workspace, container] }, options)];
}
