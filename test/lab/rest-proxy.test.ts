import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { request as secureRequest } from "node:https";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCredentials, SERVER_NAME, type Credentials } from "../../infra/access/certificates.ts";
import { proxyConfig, proxyFiles } from "../../infra/resources/rest-proxy.ts";
import { SECRETS_PATH } from "../../infra/access/plan.ts";
import { debianBase } from "../../lab/base.ts";
import { progress } from "../../lib/progress.ts";

/* Debian's own HAProxy with the config that a stack gives it, its waiting times shortened, and clients without a token. */

const CLIENT_SECONDS = 3;
/** Others than the token's holder has. */
const STRANGER = "127.0.0.2";

let dir: string;
let made: Credentials;
let backend: Server;
let port: number;
let proxy: ChildProcess;
let said = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-haproxy-"));
  const base = await debianBase(progress(), ["haproxy"]);
  made = await makeCredentials("test", []);
  // Answers after as many seconds as the path says.
  backend = createServer((asked, answer) => {
    const seconds = Number(asked.url?.slice(1));
    setTimeout(() => answer.end("answer"), seconds * 1000);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => backend.once("listening", resolve));
  port = await freePort();
  const config = proxyConfig("127.0.0.1", (backend.address() as AddressInfo).port)
    .replaceAll(SECRETS_PATH, dir)
    .replace("bind :8443", `bind 127.0.0.1:${port}`)
    .replaceAll(/(timeout (?:client|http-request|http-keep-alive)) \d+s/g, `$1 ${CLIENT_SECONDS}s`);
  for (const { name, content } of proxyFiles(made, config)) await writeFile(join(dir, name), content);
  proxy = spawn(join(base, "usr/sbin/haproxy"), ["-db", "-f", join(dir, "haproxy.cfg")], {
    env: { LD_LIBRARY_PATH: `${base}/usr/lib/x86_64-linux-gnu:${base}/usr/lib/aarch64-linux-gnu` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [proxy.stdout, proxy.stderr]) stream?.on("data", (text: Buffer) => (said += text.toString()));
  let up: unknown;
  for (let tries = 0; tries < 100 && !Array.isArray(up); tries++) {
    await sleep(100);
    up = await ask("0").catch(String);
  }
  expect(up, said).toEqual([200, "answer"]);
}, 600_000);
afterAll(async () => {
  proxy?.kill("SIGKILL");
  backend?.close();
  await rm(dir, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port: found } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return found;
}

/** One request as the token's holder; `seconds` is how long the server takes. */
function ask(
  seconds: string,
  token = made.token,
  localAddress = "127.0.0.1",
): Promise<[status: number | undefined, body: string]> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const options = {
      port,
      host: "127.0.0.1",
      path: `/${seconds}`,
      ca: made.ca,
      servername: SERVER_NAME,
      headers,
      localAddress,
    };
    secureRequest({ ...options, agent: false, timeout: 20_000 }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => (body += text));
      answer.on("end", () => resolve([answer.statusCode, body]));
    })
      .on("error", reject)
      .end();
  });
}

/** Connections that say nothing: by TCP alone, or with TLS and no request. Each has `gone` once the proxy has closed it. */
function idle(count: number, localAddress: string, tls = false) {
  const sockets = Array.from({ length: count }, (): Socket => {
    const where = { port, host: "127.0.0.1", localAddress };
    const plain = connect(where);
    const socket: Socket = tls ? connectTls({ socket: plain, ca: made.ca, servername: SERVER_NAME }) : plain;
    return socket.on("error", () => {}).resume();
  });
  return { open: () => sockets.filter((s) => !s.closed).length, end: () => sockets.forEach((s) => s.destroy()) };
}

test("the token's holder is served while 600 connections of another address say nothing", async () => {
  const idling = idle(600, STRANGER);
  await sleep(500);
  expect(idling.open()).toBeGreaterThan(100);
  expect(idling.open()).toBeLessThanOrEqual(256);
  expect(await ask("0")).toEqual([200, "answer"]);
  expect(await ask("0", "another")).toMatchObject([401, expect.stringContaining("token")]);
  idling.end();
});

test("connections that say nothing are closed, by TCP alone and with TLS, so that one address does not keep itself out for long", async () => {
  for (const tls of [false, true]) {
    const idling = idle(600, "127.0.0.1", tls);
    await sleep(500);
    await expect
      .poll(() => ask("0").catch(String), { timeout: (CLIENT_SECONDS + 10) * 1000, interval: 250 })
      .toEqual([200, "answer"]);
    await expect.poll(() => idling.open(), { timeout: (CLIENT_SECONDS + 10) * 1000 }).toBe(0);
  }
});

test("a head that comes byte by byte is cut off, and one that is refused keeps no connection", async () => {
  const socket = connectTls({ port, host: "127.0.0.1", ca: made.ca, servername: SERVER_NAME });
  const closed = new Promise<number>((resolve) => {
    const startedAt = performance.now();
    socket.on("error", () => {}).on("close", () => resolve(performance.now() - startedAt));
  });
  const drip = setInterval(() => socket.writable && socket.write("x"), 300);
  socket.resume();
  expect(await closed).toBeLessThan((CLIENT_SECONDS + 15) * 1000);
  clearInterval(drip);
  const refused = connectTls({ port, host: "127.0.0.1", ca: made.ca, servername: SERVER_NAME });
  refused.write("GET /0 HTTP/1.1\r\nhost: x\r\n\r\n");
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    refused.setEncoding("utf8").on("data", (part: string) => (text += part));
    refused.on("error", () => {}).on("close", () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*connection: close/i);
});

test("a server that takes longer to answer than a client may be silent is waited for", async () => {
  expect(await ask(`${CLIENT_SECONDS + 3}`)).toEqual([200, "answer"]);
});
