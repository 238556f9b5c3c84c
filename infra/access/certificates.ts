import "reflect-metadata"; // @peculiar/x509 resolves its parts by it
import * as x509 from "@peculiar/x509";
import { createHash, randomBytes, type webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { z } from "zod";

/** Everything secret or signed that protects one server. PEM. The CA's own key is forgotten once it has signed. */
export const Credentials = z.object({
  ca: z.string(),
  serverCert: z.string(),
  serverKey: z.string(),
  clientCert: z.string(),
  clientKey: z.string(),
  /** What the proxy before REST asks for. */
  token: z.string(),
  /** Names the set without telling anything of it: SHA-256 of the server's certificate and the token. */
  fingerprint: z.string(),
});
export type Credentials = z.infer<typeof Credentials>;

/** The name in every server's certificate that Lathe's own clients check, by whatever address they come. */
export const SERVER_NAME = "server.lathe.internal";

/** The curve that every TLS library takes. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;
const VALID_DAYS = 3650;
const TOKEN_BYTES = 32;

/**
 * Makes a CA of its own for one server, a certificate for the server and one for its clients, and a token.
 *
 * @param owner whose server it is, for people who look at a certificate: `lathe/edge`
 * @param names host names and IP addresses by which others reach the server, so that clients which are not Lathe's can
 *   check it as well
 */
export async function makeCredentials(owner: string, names: readonly string[], now = new Date()): Promise<Credentials> {
  const common = `Lathe ${owner.replaceAll(/[^a-zA-Z0-9 ./_-]/g, "")}`.slice(0, 48);
  const notBefore = new Date(now.getTime() - DAY_MS); // clocks differ
  const valid = { notBefore, notAfter: new Date(now.getTime() + VALID_DAYS * DAY_MS), signingAlgorithm: ALGORITHM };
  const [caKeys, serverKeys, clientKeys] = await Promise.all([newKeys(), newKeys(), newKeys()]);
  const issuer = `CN=${common} CA`;
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...valid,
    serialNumber: serial(),
    name: issuer,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const issue = async (kind: "server" | "client", keys: webcrypto.CryptoKeyPair, more: x509.Extension[]) => {
    const certificate = await x509.X509CertificateGenerator.create({
      ...valid,
      serialNumber: serial(),
      subject: `CN=${common} ${kind}`,
      issuer,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[`${kind}Auth`]]),
        await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
        ...more,
      ],
    });
    return pem(certificate.toString("pem"));
  };
  const serverCert = await issue("server", serverKeys, [new x509.SubjectAlternativeNameExtension(alternatives(names))]);
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  return {
    ca: pem(authority.toString("pem")),
    serverCert,
    serverKey: await privatePem(serverKeys),
    clientCert: await issue("client", clientKeys, []),
    clientKey: await privatePem(clientKeys),
    token,
    fingerprint: createHash("sha256").update(serverCert).update(token).digest("hex").slice(0, 16),
  };
}

function alternatives(names: readonly string[]): x509.JsonGeneralNames {
  const all = new Set([SERVER_NAME, "localhost", "127.0.0.1", "::1", ...names]);
  return [...all].map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }));
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return pem(x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY"));
}

/** A positive number of 16 bytes, as RFC 5280 asks for. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function pem(text: string): string {
  return `${text.trim()}\n`;
}
