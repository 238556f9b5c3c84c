import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Credentials } from "../access/certificates.ts";
import { networkName } from "../access/firewall-rules.ts";
import { SECRETS_PATH, proxied, proxyContainer } from "../access/plan.ts";
import { GRACE_SECONDS } from "../deadlines.ts";
import type { SecretFile } from "../servers/kind.ts";
import { HARDENED, labelList, memoryLimit } from "./container-args.ts";
import { REPLACE_ON_CHANGES } from "./container.ts";
import { digestOf, labelsOf, type Part } from "./server-args.ts";
import { secretsFor } from "./server-files.ts";

const MEMORY_MIB = 256;

/** Connections that the proxy holds at once, and of those from one address: so that none keeps all others out. */
const MOST_CONNECTIONS = 1024;
const MOST_OF_ONE = 256;

/** Seconds that a client may take for the head of a request, and be silent in between: TLS's own beginning and idle time included. */
const HEAD_SECONDS = 10;
const IDLE_SECONDS = 30;

/** Where the proxy listens inside its container. */
const PROXY_PORT = 8443;

const CERTIFICATE = "server.pem";
const AUTHORIZATION = "authorization.list";
const CONFIG = "haproxy.cfg";

/** When it is stopped, it ends by itself before Docker would kill it. */
const HARD_STOP_SECONDS = GRACE_SECONDS - 5;

/** How its container starts it; the image's own entry point differs between builds. */
const PROXY_COMMAND = ["haproxy", "-db", "-f", `${SECRETS_PATH}/${CONFIG}`];

/** Ends it once its requests are answered. It does not handle SIGTERM: Docker would wait, then kill it amid them. */
const PROXY_STOP_SIGNAL = "SIGUSR1";

/** What the proxy reads: its certificate and key, the one header that it lets through, and its config. Pure. */
export function proxyFiles(made: Credentials, config: string): SecretFile[] {
  return [
    { name: CERTIFICATE, content: `${made.serverCert}${made.serverKey}` },
    { name: AUTHORIZATION, content: `Bearer ${made.token}\n` },
    { name: CONFIG, content: config },
  ];
}

/**
 * HAProxy's own configuration; nothing in it is secret. It passes bodies on as they come and keeps nothing on a disk. It asks
 * Docker's name server for the server's address, which changes with each start of the container. Whoever has no token holds a
 * connection for no longer than `IDLE_SECONDS`. (`timeout client` limits the TLS handshake, too; with `timeout client-hs`, a
 * limit for that alone, HAProxy 2.6 does not start.) It does not run while the server computes an answer.
 */
export function proxyConfig(container: string, port: number): string {
  const refused = `{\\"error\\": \\"this server answers those alone who send its token (Authorization: Bearer …)\\"}`;
  return `global
  log stdout format raw local0 notice
  maxconn ${MOST_CONNECTIONS}
  nbthread 2
  hard-stop-after ${HARD_STOP_SECONDS}s
  ssl-default-bind-options ssl-min-ver TLSv1.2

defaults
  mode http
  option http-keep-alive
  timeout connect 5s
  timeout client ${IDLE_SECONDS}s
  timeout http-request ${HEAD_SECONDS}s
  timeout http-keep-alive ${IDLE_SECONDS}s
  timeout server 1h

resolvers docker
  nameserver docker 127.0.0.11:53
  hold valid 1s
  resolve_retries 3

frontend rest
  bind :${PROXY_PORT} ssl crt ${SECRETS_PATH}/${CERTIFICATE} alpn http/1.1
  stick-table type ipv6 size 100k expire 1m store conn_cur
  tcp-request connection track-sc0 src
  tcp-request connection reject if { sc0_conn_cur gt ${MOST_OF_ONE} }
  http-after-response set-header Connection close if { status 401 }
  http-request return status 401 content-type application/json hdr WWW-Authenticate Bearer string "${refused}" unless { req.hdr(authorization) -f ${SECRETS_PATH}/${AUTHORIZATION} }
  http-request del-header authorization
  default_backend server

backend server
  server server ${container}:${port} resolvers docker init-addr last,libc,none
`;
}

/** The proxy before the endpoint that a token protects, if there is one, as hardened as the server itself. */
export function restProxy(
  part: Part,
  reservation: pulumi.Resource,
  after: readonly pulumi.Resource[],
): docker.Container[] {
  const { name, args, credentials, child } = part;
  const { access, config, owner, proxyImage, workspace, provider, leftovers } = args;
  const endpoint = proxied(access.endpoints);
  if (endpoint === undefined || credentials === undefined || proxyImage === undefined) return [];
  const container = proxyContainer(config.container);
  const user = `${access.proxyUser.uid}:${access.proxyUser.gid}`;
  const setUp = proxyConfig(config.container, endpoint.containerPort);
  const files = (made: Credentials) => proxyFiles(made, setUp);
  const secrets = secretsFor(part, `${name}-rest-secrets`, { container, user, files, after });
  const proxy = new docker.Container(
    `${name}-rest`,
    {
      ...HARDENED,
      name: container,
      image: proxyImage.imageId,
      entrypoints: PROXY_COMMAND.slice(0, 1),
      command: PROXY_COMMAND.slice(1),
      user,
      ports: access.proxyBind.map((ip) => ({ internal: PROXY_PORT, external: endpoint.port, ip, protocol: "tcp" })),
      mounts: [{ type: "bind", source: `${workspace}/secrets/${container}`, target: SECRETS_PATH, readOnly: true }],
      // The server's own is undefined if the engine has no controller for it.
      ...memoryLimit(args.memoryMiB && MEMORY_MIB),
      networkMode: networkName(owner, config.container),
      restart: access.guard.setting === null ? "always" : "no",
      stopSignal: PROXY_STOP_SIGNAL,
      labels: labelList({
        ...labelsOf(part, leftovers.proxy),
        "org.lathe.keys": credentials.fingerprint,
        "org.lathe.set-up": digestOf(setUp),
      }),
    },
    {
      ...child,
      provider,
      dependsOn: [...after, ...secrets],
      deletedWith: reservation,
      deleteBeforeReplace: true,
      replaceOnChanges: [...REPLACE_ON_CHANGES, "entrypoints"],
    },
  );
  return [proxy];
}
