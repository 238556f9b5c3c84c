import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { refusesStrangers, strangersTo } from "./refuses-strangers.ts";
import type { GateEndpoint, GateSpec } from "./spec.ts";

const client = { ca: "ca", serverName: "s", cert: "c", key: "k", token: "t" };
const without = { ca: "ca", serverName: "s" };

test("strangers are all who lack what an endpoint's clients need; in the clear there are none", () => {
  const of = (security: GateEndpoint["security"]) => strangersTo({ security, client }).map((s) => s.security);
  expect(strangersTo({ security: "none" })).toEqual([]);
  expect(of("tls")).toEqual([undefined]);
  expect(of("mutual-tls")).toEqual([undefined, without]);
  expect(of("token")).toEqual([undefined, without, { ...without, token: "none" }]);
});

let server: Server | undefined;
afterEach(() => server?.close());

/** A server in the clear where one with a token was asked for; it answers everything with this status. */
async function specOf(status: number): Promise<GateSpec> {
  const listening = createServer((_, answer) => void answer.writeHead(status).end("{}"));
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  const endpoint = { api: "a", protocol: "rest", port, containerPort: 1, security: "token", client };
  return { address: "127.0.0.1", endpoints: [endpoint] } as unknown as GateSpec;
}

test("a server that answers a stranger, whatever it says, lets him in", async () => {
  for (const status of [200, 404]) {
    await expect(refusesStrangers(await specOf(status))).rejects.toThrow(/answers in the clear[^]*lathe:rest/);
    server?.close();
  }
});

test("a server that answers a stranger with 401 refuses him", async () => {
  await expect(refusesStrangers(await specOf(401))).resolves.toBeUndefined();
});
