import { GRACE_SECONDS } from "../deadlines.ts";
import type { Credentials } from "../access/certificates.ts";
import { SECRETS_PATH } from "../access/plan.ts";
import type { SecretFile } from "../servers/kind.ts";

/** Where the proxy listens inside its container. */
export const PROXY_PORT = 8443;

const CERTIFICATE = "server.pem";
const AUTHORIZATION = "authorization.list";
const CONFIG = "haproxy.cfg";

/** Told to end, it ends by itself before Docker would kill it. */
const HARD_STOP_SECONDS = GRACE_SECONDS - 5;

/** How its container starts it; the image's own entry point differs between builds. */
export const PROXY_COMMAND = ["haproxy", "-db", "-f", `${SECRETS_PATH}/${CONFIG}`];

/**
 * Ends it once the requests that it passes on are answered. It has no handler for SIGTERM, and the first process of a
 * container does not end by a signal that it does not handle: Docker would wait, and then kill it in the middle of them.
 */
export const PROXY_STOP_SIGNAL = "SIGUSR1";

/**
 * What the proxy before REST reads: its certificate and key, the one header that it lets through, and how it is set up. It passes
 * bodies on as they come and keeps nothing on a disk; the server's address is asked of Docker's own name server, because
 * it changes with each start of the container. Pure.
 */
export function proxyFiles(
  made: Pick<Credentials, "serverCert" | "serverKey" | "token">,
  server: { readonly container: string; readonly port: number },
): SecretFile[] {
  return [
    { name: CERTIFICATE, content: `${made.serverCert}${made.serverKey}` },
    { name: AUTHORIZATION, content: `Bearer ${made.token}\n` },
    { name: CONFIG, content: proxyConfig(server) },
  ];
}

/** HAProxy's own configuration; nothing in it is secret. */
export function proxyConfig({ container, port }: { readonly container: string; readonly port: number }): string {
  const refused = `{\\"error\\": \\"this server answers those alone who send its token (Authorization: Bearer …)\\"}`;
  return `global
  log stdout format raw local0 notice
  maxconn 512
  nbthread 2
  hard-stop-after ${HARD_STOP_SECONDS}s
  ssl-default-bind-options ssl-min-ver TLSv1.2

defaults
  mode http
  option http-keep-alive
  timeout connect 5s
  timeout client 1h
  timeout server 1h

resolvers docker
  nameserver docker 127.0.0.11:53
  hold valid 1s
  resolve_retries 3

frontend rest
  bind :${PROXY_PORT} ssl crt ${SECRETS_PATH}/${CERTIFICATE} alpn http/1.1
  http-request return status 401 content-type application/json hdr WWW-Authenticate Bearer string "${refused}" unless { req.hdr(authorization) -f ${SECRETS_PATH}/${AUTHORIZATION} }
  http-request del-header authorization
  default_backend server

backend server
  server server ${container}:${port} resolvers docker init-addr last,libc,none
`;
}
