import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { hostCommand } from "./host-command.ts";
import { dockerHost } from "../hosts/connection/destination.ts";
import { LOCAL_ENGINE, sshControlDir, sshOptions } from "../hosts/connection/ssh.ts";
import type { SshTarget } from "../hosts/target.ts";
import type { ImageKey } from "../images/advice.ts";

/** The connection to a machine's Docker engine: over SSH, or to this machine's own. */
export function dockerProvider(name: string, target: SshTarget | null): docker.Provider {
  if (target === null) return new docker.Provider(name, { host: LOCAL_ENGINE });
  const { url, options } = dockerHost(target);
  return new docker.Provider(name, { host: url, sshOpts: [...options, ...sshOptions(target, sshControlDir())] });
}

/**
 * An image on an engine: pulled once, and removed on destroy if Lathe pulled it and no other stack uses it. `host-programs/image.ts`
 * sees to both: the provider would remove it in any case, or fail, and says of a pull that failed what nobody understands.
 */
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

/** The machine whose images are wanted. */
export interface ImagesOf {
  /** As part of resource names. */
  readonly host: string;
  readonly target: SshTarget | null;
  readonly provider: docker.Provider;
  readonly owner: string;
  readonly dependsOn: pulumi.Resource[];
  /** An image's reference with its digest; that of a tag is kept from the first time on. */
  readonly resolve: (wanted: string, key: ImageKey) => Promise<string>;
}

/**
 * Gives a machine's images, each once: servers of one engine share an image, and it can be removed once only. The second image
 * of one name has a number.
 *
 * @returns makes an image, given what its resource is called, what is wanted, and the config's key that says so
 */
export function imagesOn({ host, target, provider, owner, dependsOn, resolve }: ImagesOf) {
  const images = new Map<string, docker.RemoteImage>();
  const counts = new Map<string, number>();
  return async (called: string, wanted: string, key: ImageKey) => {
    const reference = await resolve(wanted, key);
    const known = images.get(reference);
    if (known !== undefined) return { reference, image: known };
    const count = counts.get(called) ?? 0;
    counts.set(called, count + 1);
    const image = remoteImage(`${called}${count || ""}.${host}`, reference, target, provider, owner, key, dependsOn);
    images.set(reference, image);
    return { reference, image };
  };
}
