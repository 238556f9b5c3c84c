import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { UserError, messageOf } from "../../lib/errors.ts";
import { hostCommand } from "./host-command.ts";
import { LOCAL_ENGINE, dockerHostUrl, sshControlDir, sshOptions } from "../hosts/ssh.ts";
import type { SshTarget } from "../hosts/target.ts";
import type { ImageKey } from "../host-programs/specs.ts";

/** The connection to a machine's Docker engine: over SSH, or to this machine's own. */
export function dockerProvider(name: string, target: SshTarget | null): docker.Provider {
  return new docker.Provider(
    name,
    target === null
      ? { host: LOCAL_ENGINE }
      : { host: dockerHostUrl(target), sshOpts: sshOptions(target, sshControlDir()) },
  );
}

/**
 * An image on an engine: pulled once, and removed on destroy if Lathe pulled it and no other stack uses it. `commands/image.ts`
 * sees to both: the provider would remove it in any case, or fail, and says of a pull that failed what nobody understands.
 */
export function remoteImage(
  name: string,
  reference: string,
  target: SshTarget | null,
  provider: docker.Provider,
  owner: string,
  dependsOn: pulumi.Resource[] = [],
  key: ImageKey = "image",
): docker.RemoteImage {
  // What the states of before have: the server's image needs no update.
  const named = key === "image" ? {} : { key };
  const claim = hostCommand(
    `${name}-claim`,
    { program: "image", spec: { target, owner, reference, ...named }, triggers: [reference], undo: true },
    { dependsOn },
  );
  return new docker.RemoteImage(
    name,
    { name: reference, keepLocally: true },
    {
      provider,
      dependsOn: [claim],
      // `keepLocally` says as much, but to find that out the provider would need a host that answers.
      retainOnDelete: true,
    },
  );
}

/**
 * An image reference with its digest: as it is where it has one, else what its registry says the tag is now.
 * @throws UserError where the registry does not tell
 */
export async function withDigest(reference: string, provider: docker.Provider, key: ImageKey): Promise<string> {
  if (reference.includes("@sha256:")) return reference;
  try {
    const { sha256Digest } = await docker.getRegistryImage({ name: reference }, { provider });
    return `${withoutTag(reference)}@${sha256Digest}`;
  } catch (error) {
    throw new UserError({
      what: `image ${reference}: its registry does not tell its digest (${lastLine(messageOf(error))})`,
      expected: "an image that can be pulled, best named by its digest",
      fix: `pulumi config set lathe:${key} NAME@sha256:…`,
    });
  }
}

/** `registry:5000/name:tag` without its tag; a registry's port is not one. */
export function withoutTag(reference: string): string {
  return reference.replace(/:[^:/]*$/, "");
}

/** The provider's own words come last, after everyone's who passed them on. */
function lastLine(message: string): string {
  return (message.trim().split("\n").at(-1) ?? "").replace(/^[\s*]+/, "");
}
