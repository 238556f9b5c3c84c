/** What `--ssl_config_file` of TF Serving says. The PEM texts stand in the file themselves. */
export interface SslConfig {
  readonly serverKey: string;
  readonly serverCert: string;
  /** Signs the clients' certificates. */
  readonly customCa: string;
  /** Clients without a certificate of that CA are refused: mutual TLS. */
  readonly clientVerify: boolean;
}

/** TF Serving's `SSLConfig` as text. */
export function sslConfigText({ serverKey, serverCert, customCa, clientVerify }: SslConfig): string {
  return [
    `server_key: ${textString(serverKey)}`,
    `server_cert: ${textString(serverCert)}`,
    `custom_ca: ${textString(customCa)}`,
    `client_verify: ${clientVerify}`,
    "",
  ].join("\n");
}

/** A string of protobuf's text format; PEM is ASCII, so line ends, quotes and backslashes are all there is to escape. */
function textString(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}
