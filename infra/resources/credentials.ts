import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { Credentials, SERVER_NAME } from "../access/certificates.ts";
import type { Security } from "../../clients/security.ts";
import type { Endpoint, StackSecrets } from "../outputs.ts";

/** A server's credentials as the state keeps them: the same on every `up`. */
export interface KeptCredentials {
  /** Secret: encrypted wherever Pulumi writes it. */
  readonly all: pulumi.Output<Credentials>;
  /** Not secret. */
  readonly ca: pulumi.Output<string>;
  readonly fingerprint: pulumi.Output<string>;
}

/** Keeps credentials in the state: a Stash gives back its first input until it is replaced. */
export function keepCredentials(
  name: string,
  fresh: Credentials,
  names: readonly string[],
  opts: pulumi.CustomResourceOptions,
): KeptCredentials {
  const hash = createHash("sha256").update([...names].sort().join("\n"));
  // What it keeps stays the same in any case; without `ignoreChanges` each `up` would say that it changed.
  const stash = new pulumi.Stash(
    `${name}-credentials-${hash.digest("hex").slice(0, 8)}`,
    { input: pulumi.secret(fresh) },
    { ...opts, ignoreChanges: ["input"] },
  );
  const all = pulumi.secret(stash.output.apply((kept) => Credentials.parse(kept)));
  return {
    all,
    ca: pulumi.unsecret(all.apply((made) => made.ca)),
    fingerprint: pulumi.unsecret(all.apply((made) => made.fingerprint)),
  };
}

/** What clients of an endpoint need, from the server's CA and their own secrets; undefined if it is in the clear. Pure. */
export function clientSecurity(
  security: Endpoint["security"],
  made: Pick<Credentials, "ca" | "clientCert" | "clientKey" | "token">,
): Security | undefined {
  const trust = { ca: made.ca, serverName: SERVER_NAME };
  const needed = {
    none: undefined,
    tls: trust,
    "mutual-tls": { ...trust, cert: made.clientCert, key: made.clientKey },
    token: { ...trust, token: made.token },
  };
  return needed[security];
}

/** The stack output `latheSecrets`; undefined if no server has any. */
export function secretsOutput(
  servers: readonly { readonly serverId: string; readonly credentials: KeptCredentials | undefined }[],
): pulumi.Output<StackSecrets> | undefined {
  const kept = servers.flatMap(({ serverId: server, credentials }) =>
    credentials === undefined
      ? []
      : [credentials.all.apply(({ clientCert, clientKey, token }) => ({ server, clientCert, clientKey, token }))],
  );
  if (kept.length === 0) return undefined;
  return pulumi.secret(pulumi.all(kept).apply((all) => ({ schema: "lathe.secrets/2", servers: all }) as const));
}
