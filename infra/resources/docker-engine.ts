import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { UserError, messageOf } from "../../lib/errors.ts";
import { hostCommand } from "./host-command.ts";
import { dockerHost } from "../hosts/connection/destination.ts";
import { LOCAL_ENGINE, sshControlDir, sshOptions } from "../hosts/connection/ssh.ts";
import type { SshTarget } from "../hosts/target.ts";
import type { ImageKey } from "../host-programs/pull.ts";

/** The connection to a machine's Docker engine: over SSH, or to this machine's own. */
export function dockerProvider(name: string, target: SshTarget | null): docker.Provider {
  if (target === null) return new docker.Provider(name, { host: LOCAL_ENGINE });
  const { url, options } = dockerHost(target);
  return new docker.Provider(name, { host: url, sshOpts: [...options, ...sshOptions(target, sshControlDir())] });
}

/** An image that `host-programs/image.ts` pulls and removes: the provider would remove it although others use it. */
export function remoteImage(
  name: string,
  reference: string,
  target: SshTarget | null,
  provider: docker.Provider,
  owner: string,
  key: ImageKey,
  dependsOn: pulumi.Resource[] = [],
): docker.RemoteImage {
  const spec = { target, owner, reference, key };
  const claim = hostCommand(`${name}-claim`, { program: "image", spec, triggers: [reference] }, { dependsOn });
  // `keepLocally` alone: to find that out on destroy, the provider would need a host that answers.
  const options = { provider, dependsOn: [claim], retainOnDelete: true };
  return new docker.RemoteImage(name, { name: reference, keepLocally: true }, options);
}

/** Gives a machine's images, each once: servers share them. The second image of one name has a number. */
export function imagesOn(
  host: string,
  target: SshTarget | null,
  provider: docker.Provider,
  owner: string,
  dependsOn: pulumi.Resource[],
) {
  const images = new Map<string, docker.RemoteImage>();
  const counts = new Map<string, number>();
  return async (called: string, wanted: string, key: ImageKey) => {
    const reference = await withDigest(wanted, provider, key);
    const known = images.get(reference);
    if (known !== undefined) return { reference, image: known };
    const count = counts.get(called) ?? 0;
    counts.set(called, count + 1);
    const image = remoteImage(`${called}${count || ""}.${host}`, reference, target, provider, owner, key, dependsOn);
    images.set(reference, image);
    return { reference, image };
  };
}

/** An image with its digest: its own, else the one that its registry gives. @throws UserError where that gives none */
export async function withDigest(reference: string, provider: docker.Provider, key: ImageKey): Promise<string> {
  if (reference.includes("@sha256:")) return reference;
  try {
    const { sha256Digest } = await docker.getRegistryImage({ name: reference }, { provider });
    return `${withoutTag(reference)}@${sha256Digest}`;
  } catch (error) {
    // The provider's own words come last, after those of everyone who passed them on.
    const said = messageOf(error).trim().split("\n").at(-1) ?? "";
    throw new UserError({
      what: `image ${reference}: its registry does not tell its digest (${said.replace(/^[\s*]+/, "")})`,
      expected: "an image that can be pulled, best named by its digest",
      fix: `npx lathe pulumi config set lathe:${key} NAME@sha256:…`,
    });
  }
}

/** `registry:5000/name:tag` without its tag; a registry's port is not one. */
export function withoutTag(reference: string): string {
  return reference.replace(/:[^:/]*$/, "");
}
