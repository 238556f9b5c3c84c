import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createTlsServer } from "node:tls";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientKind } from "../../clients/registry.ts";
import type { Security } from "../../clients/security.ts";
import { modelStatus } from "../../clients/tf-serving/status.ts";
import { makeCredentials, SERVER_NAME, type Credentials } from "../../infra/access/certificates.ts";
import { secretFiles } from "../../infra/servers/tf-serving/container.ts";
import { startStandIn, type StandIn } from "./tfs.ts";

/* Lathe's clients against gRPC's own TLS (C-core, as in TF Serving, set up by the same file) and Node's. */

const GRPC_KINDS = ["probe", "grpc-js"];
const SIDE = 256;

let dir: string;
let made: Credentials;
let others: Credentials;
let mutual: StandIn;
let oneSided: StandIn;

async function standIn(clientVerify: boolean): Promise<StandIn> {
  const file = join(dir, `${clientVerify}.config`);
  const [sslConfig] = secretFiles({ tls: clientVerify ? "mutual" : "server" }, made);
  await writeFile(file, sslConfig?.content ?? "");
  return startStandIn({ null: "null" }, {}, [`--ssl_config_file=${file}`]);
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-tls-"));
  [made, others] = await Promise.all([makeCredentials("test", []), makeCredentials("test", [])]);
  [mutual, oneSided] = await Promise.all([standIn(true), standIn(false)]);
}, 120_000);
afterAll(async () => {
  await Promise.all([mutual?.stop(), oneSided?.stop()]);
  await rm(dir, { recursive: true, force: true });
});

const security = (more: Partial<Security> = {}): Security => ({ ca: made.ca, serverName: SERVER_NAME, ...more });
const withKey = (from = made) => security({ cert: from.clientCert, key: from.clientKey });

/** One predict; the reason where there is no answer. */
async function ask(kind: string, port: number, how?: Security): Promise<string> {
  const client = clientKind(kind).create("127.0.0.1", port, how);
  try {
    await client.open(5_000);
    const inputs = {
      inputs: { dtype: "DT_UINT8", shape: [1, SIDE, SIDE, 3], data: new Uint8Array(SIDE * SIDE * 3).fill(7) },
    } as const;
    const result = await client.call({ model: "null", inputs, timeoutMs: 5_000 });
    if (!result.ok) return `${result.error.code}: ${result.error.message}`;
    const { encodeMs, sendMs, waitMs, receiveMs, decodeMs, totalMs } = result.timing;
    const parts = [encodeMs, sendMs, waitMs, receiveMs, decodeMs].filter((ms) => ms !== null);
    // Phases that are all seen follow each other without gaps, by TLS as without.
    if (parts.length === 5) expect(parts.reduce((a, b) => a + b)).toBeCloseTo(totalMs, 6);
    expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
    return Object.keys(result.outputs).length > 0 ? "answered" : "no outputs";
  } catch (error) {
    return String(error);
  } finally {
    await client.close();
  }
}

describe.each(GRPC_KINDS)("%s and mutual TLS", (kind) => {
  it("gets its answer with the key of the stack's CA", async () => {
    expect(await ask(kind, mutual.grpcPort, withKey())).toBe("answered");
  });

  it.each([
    ["without a key", () => security()],
    ["with another CA's key", () => security({ cert: others.clientCert, key: others.clientKey })],
    ["with the server's certificate for its own", () => security({ cert: made.serverCert, key: made.serverKey })],
    ["in the clear", () => undefined],
  ])("is refused %s, and says where", async (_how, how) => {
    expect(await ask(kind, mutual.grpcPort, how())).toMatch(
      new RegExp(`no gRPC connection to 127.0.0.1:${mutual.grpcPort}|UNAVAILABLE: .*127.0.0.1:${mutual.grpcPort}`),
    );
  });

  it("trusts no server of another CA, and none of another name", async () => {
    const stranger = { ...withKey(), ca: others.ca };
    expect(await ask(kind, mutual.grpcPort, stranger)).toMatch(/self.signed|unable to (verify|get)|signature/i);
    expect(await ask(kind, mutual.grpcPort, { ...withKey(), serverName: "other.lathe.internal" })).toMatch(
      /altnames|does not match/i,
    );
  });
});

describe.each(GRPC_KINDS)("%s and a server that shows a certificate and asks for none", (kind) => {
  it("gets its answer, and none where it does not know the CA", async () => {
    expect(await ask(kind, oneSided.grpcPort, security())).toBe("answered");
    expect(await ask(kind, oneSided.grpcPort, security({ ca: others.ca }))).toContain("no gRPC connection");
  });
});

it("a model's status is asked for by TLS, too", async () => {
  const query = {
    protocol: "grpc",
    address: "127.0.0.1",
    port: mutual.grpcPort,
    model: "null",
    timeoutMs: 5_000,
  } as const;
  expect(await modelStatus({ ...query, security: withKey() })).toMatchObject({ ok: true, value: [{ version: 1 }] });
  expect(await modelStatus({ ...query, security: security() })).toMatchObject({ ok: false });
});

describe("REST by TLS", () => {
  it("sends its token, and a peer without TLS is called so", async () => {
    const seen: (string | undefined)[] = [];
    const server = createHttpsServer({ key: made.serverKey, cert: made.serverCert }, (request, response) => {
      seen.push(request.headers.authorization);
      request.resume().on("end", () => response.end('{"predictions": [[1.5]]}'));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    expect(await ask("rest", port, security({ token: made.token }))).toBe("answered");
    expect(seen).toEqual([`Bearer ${made.token}`]);
    expect(await ask("rest", port, security({ ca: others.ca }))).toContain("no REST connection");
    expect(await ask("rest", mutual.restPort, security())).toContain("the peer does not speak TLS");
    await new Promise((done) => server.close(done));
  });
});

it("a peer that closes during the handshake, and one that offers no HTTP/2, are told apart", async () => {
  const options = { key: made.serverKey, cert: made.serverCert, ALPNProtocols: ["http/1.1"] };
  const server = createTlsServer(options, (socket) => socket.on("error", () => {}));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  expect(await ask("probe", port, security())).toMatch(/no gRPC connection .*(no application protocol|ALPN)/i);
  await new Promise((done) => server.close(done));
});
