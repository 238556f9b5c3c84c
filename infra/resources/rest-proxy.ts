import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { GRACE_SECONDS } from "../deadlines.ts";
import { REPLACE_ON_CHANGES } from "./container.ts";
import { ID_LABEL, LEFTOVER_LABEL, OWNER_LABEL, SERVER_LABEL } from "../ownership/reservation.ts";
import { hostCommand } from "./host-command.ts";
import type { SshTarget } from "../hosts/target.ts";
import { SECRETS_PATH, proxyContainer, type ServerAccess } from "../access/plan.ts";
import type { KeptCredentials } from "./credentials.ts";
import { PROXY_COMMAND, PROXY_PORT, PROXY_STOP_SIGNAL, proxyConfig, proxyFiles } from "./rest-proxy-config.ts";

const MEMORY_MIB = 256;

/** What the proxy before REST is made of. */
export interface ProxyArgs {
  readonly name: string;
  readonly access: ServerAccess;
  readonly credentials: KeptCredentials;
  readonly image: docker.RemoteImage;
  readonly target: SshTarget | null;
  readonly workspace: string;
  readonly owner: string;
  /** Whose it is, as its reservation tells it from others' containers. */
  readonly id: pulumi.Input<string>;
  /** What an interrupted `up` left of it, see ownership/leftovers.ts. */
  readonly leftover: string;
  /** Of the server and this: on destroy it goes with it. */
  readonly reservation: pulumi.Resource;
  readonly network: string;
  /** The server's container, and its port inside. */
  readonly server: { readonly container: string; readonly port: number };
  /** Port on the host. */
  readonly port: number;
  readonly provider: docker.Provider;
  /** What must be there before it. */
  readonly after: readonly pulumi.Resource[];
  readonly child: pulumi.CustomResourceOptions;
}

/** REST by TLS and for those alone who have the token: a proxy before the server, as hardened as the server itself. */
export function restProxy(args: ProxyArgs): docker.Container {
  const { name, access, credentials, target, workspace, server, provider, child } = args;
  const container = proxyContainer(server.container);
  const user = `${access.proxyUser.uid}:${access.proxyUser.gid}`;
  const secrets = hostCommand(
    `${name}-rest-secrets`,
    {
      program: "secrets",
      spec: pulumi.all([credentials.all, args.id]).apply(([made, id]) => ({
        target,
        workspace,
        owner: args.owner,
        id,
        container,
        user,
        files: proxyFiles(made, server),
      })),
      triggers: [workspace, container],
      undo: true,
    },
    { ...child, dependsOn: [...args.after], deleteBeforeReplace: true },
  );
  const setUp = createHash("sha256").update(proxyConfig(server)).digest("hex").slice(0, 16);
  return new docker.Container(
    `${name}-rest`,
    {
      name: container,
      image: args.image.imageId,
      entrypoints: PROXY_COMMAND.slice(0, 1),
      command: PROXY_COMMAND.slice(1),
      user,
      ports: access.proxyBind.map((ip) => ({ internal: PROXY_PORT, external: args.port, ip, protocol: "tcp" })),
      mounts: [{ type: "bind", source: `${workspace}/secrets/${container}`, target: SECRETS_PATH, readOnly: true }],
      memory: MEMORY_MIB,
      memorySwap: MEMORY_MIB,
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      networkMode: args.network,
      restart: access.guard.setting === null ? "always" : "no",
      mustRun: true,
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "2" },
      stopSignal: PROXY_STOP_SIGNAL,
      destroyGraceSeconds: GRACE_SECONDS,
      labels: [
        { label: ID_LABEL, value: args.id },
        { label: "org.lathe.keys", value: credentials.fingerprint },
        ...(args.leftover === "" ? [] : [{ label: LEFTOVER_LABEL, value: args.leftover }]),
        { label: OWNER_LABEL, value: args.owner },
        { label: SERVER_LABEL, value: name },
        { label: "org.lathe.set-up", value: setUp },
      ],
    },
    {
      ...child,
      provider,
      dependsOn: [...args.after, secrets],
      deletedWith: args.reservation,
      deleteBeforeReplace: true,
      replaceOnChanges: [...REPLACE_ON_CHANGES, "entrypoints"],
    },
  );
}
