import { expect, test } from "vitest";
import type { Endpoint, Server } from "../../infra/outputs.ts";
import { sampleServer } from "../testing/sample-run.ts";
import { accessRemarks, readSecrets, securityOf } from "./secrets.ts";

const SECRETS = { server: "edge", clientCert: "cert", clientKey: "key", token: "token" };
type Security = Endpoint["security"];

/** A server that answers over gRPC and REST, protected as said. */
function server(grpc: Security, rest: Security, more: Partial<Server["access"]> = {}): Server {
  const made = sampleServer("edge", []);
  const endpoint = (protocol: string, security: Security) => ({ api: "made-up", protocol, port: 1, security });
  return {
    ...made,
    endpoints: [endpoint("grpc", grpc), endpoint("rest", rest)],
    access: { ...made.access, ca: "ca", serverName: "name", ...more },
  };
}

test("a client is given what the endpoint asks for, and no more", () => {
  const secrets = new Map([["edge", SECRETS]]);
  const of = (...security: [Security, Security]) => {
    const made = server(...security);
    return made.endpoints.map((endpoint) => securityOf(made, endpoint, secrets));
  };
  expect(of("mutual-tls", "token")).toEqual([
    { ca: "ca", serverName: "name", cert: "cert", key: "key" },
    { ca: "ca", serverName: "name", token: "token" },
  ]);
  expect(of("tls", "none")).toEqual([{ ca: "ca", serverName: "name" }, undefined]);
});

test("Pulumi is asked for secrets of those servers alone that have any", async () => {
  const asked: string[] = [];
  const cli = (args: readonly string[]) => {
    asked.push(args.join(" "));
    return Promise.resolve(JSON.stringify({ schema: "lathe.secrets/2", servers: [SECRETS] }));
  };
  expect(await readSecrets([server("none", "none"), server("tls", "none")], cli)).toEqual(new Map());
  expect(await readSecrets([server("mutual-tls", "none")], cli)).toEqual(new Map([["edge", SECRETS]]));
  expect(asked).toEqual(["stack output latheSecrets --show-secrets --json --stack edge"]);
  await expect(readSecrets([server("none", "token")], null)).rejects.toThrow(
    /"edge" asks for a token.*\n.*npx lathe bench --stack edge/,
  );
});

test("a server that has another id beside other stacks' has the secrets that its own stack knows by its machine", async () => {
  const cli = () => Promise.resolve(JSON.stringify({ schema: "lathe.secrets/2", servers: [SECRETS] }));
  const renamed = { ...server("none", "token"), id: "edge/made-up" };
  expect(await readSecrets([renamed], cli)).toEqual(new Map([["edge/made-up", SECRETS]]));
  await expect(readSecrets([{ ...renamed, machineId: "cloud" }], cli)).rejects.toThrow(
    /latheSecrets has nothing for "edge\/made-up"/,
  );
});

test("what protection adds is said, once for servers that are protected alike", () => {
  expect(accessRemarks([server("none", "none")])).toEqual([]);
  expect(accessRemarks([server("mutual-tls", "token", { expose: "tunnel" })])).toHaveLength(3);
  expect(accessRemarks([server("tls", "none"), { ...server("tls", "none"), id: "cloud" }])).toEqual([
    "edge, cloud: gRPC is encrypted (TLS); its times contain the encryption, the paper's do not.",
  ]);
});
