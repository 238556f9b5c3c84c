import { X509Certificate, createPrivateKey } from "node:crypto";
import { expect, test } from "vitest";
import { makeCredentials, SERVER_NAME } from "./certificates.ts";

test("a server's and a client's certificate are signed by a CA of their own, each for its one use", async () => {
  const made = await makeCredentials("lathe/edge", ["edge.example", "192.0.2.7", "2001:db8::7"]);
  const ca = new X509Certificate(made.ca);
  const server = new X509Certificate(made.serverCert);
  const client = new X509Certificate(made.clientCert);
  expect(ca.ca).toBe(true);
  for (const [certificate, key] of [
    [server, made.serverKey],
    [client, made.clientKey],
  ] as const) {
    expect(certificate.ca).toBe(false);
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  }
  expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(client.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  for (const name of [SERVER_NAME, "localhost", "edge.example"]) expect(server.checkHost(name)).toBe(name);
  for (const ip of ["127.0.0.1", "192.0.2.7", "2001:db8::7"]) expect(server.checkIP(ip)).toBe(ip);
  expect(server.checkHost("other.example")).toBeUndefined();
  expect(made.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

test("nothing is the same the second time, and the fingerprint tells nothing of the token", async () => {
  const [a, b] = await Promise.all([makeCredentials("o", []), makeCredentials("o", [])]);
  for (const part of Object.keys(a) as (keyof typeof a)[]) expect(a[part]).not.toBe(b[part]);
  expect(a.fingerprint).not.toContain(a.token);
});
