import type { ServerSpec } from "../registry.ts";
import type { AccessConfig } from "../../config/access.ts";
import type { Credentials } from "../../access/certificates.ts";
import { sslConfigText } from "./ssl-config.ts";

/** Where a container finds its secrets, each a file that only its own user can read. */
export const SECRETS_PATH = "/run/lathe";

/** A file that only the user of one container may read. */
export interface SecretFile {
  readonly name: string;
  readonly content: string;
}

const SSL_CONFIG = "ssl.config";

/** TF Serving, protected as the config says: flags that come last win over the image's own. Pure. */
export function protectTfServing(spec: ServerSpec, { tls, rest }: Pick<AccessConfig, "tls" | "rest">): ServerSpec {
  // Metrics come by REST in the clear: where that is closed, they are not told of.
  const { metricsPath, ...shown } = spec;
  const ports = rest === "off" ? [spec.grpcPort] : [spec.grpcPort, spec.restPort];
  return {
    ...shown,
    ...(rest === "open" && metricsPath !== undefined ? { metricsPath } : {}),
    command: [
      ...spec.command,
      ...(tls === "off" ? [] : [`--ssl_config_file=${SECRETS_PATH}/${SSL_CONFIG}`]),
      ...(rest === "off" ? ["--rest_api_port=0"] : []),
    ],
    healthTest: [
      "CMD",
      "bash",
      "-c",
      `exec ${ports.map((port, i) => `${i + 3}<>/dev/tcp/127.0.0.1/${port}`).join(" ")}`,
    ],
  };
}

/** The secrets that TF Serving itself reads. */
export function serverSecretFiles({ tls }: Pick<AccessConfig, "tls">, made: Credentials): SecretFile[] {
  if (tls === "off") return [];
  const { serverKey, serverCert, ca } = made;
  const content = sslConfigText({ serverKey, serverCert, customCa: ca, clientVerify: tls === "mutual" });
  return [{ name: SSL_CONFIG, content }];
}
