import { expect, test } from "vitest";
import type { Deployment } from "../../infra/outputs.ts";
import type { DeployedAccess } from "../../infra/outputs-access.ts";
import { accessRemarks, readSecrets, securityOf, withoutClosed } from "./secrets.ts";
import type { Cell } from "../matrix/cell.ts";

const SECRETS = { role: "edge", clientCert: "cert", clientKey: "key", token: "token" };
const PLAIN: DeployedAccess = { stack: "edge", expose: "address", tls: "off", rest: "open", allowFrom: [] };
const server = (more: Partial<DeployedAccess>) =>
  ({ role: "edge", access: { ...PLAIN, ca: "ca", serverName: "name", ...more } }) as unknown as Deployment;
const cell = (protocol: Cell["protocol"], serverRole = "edge") => ({ protocol, serverRole }) as Cell;

test("a client is given what the port asks for, and no more", () => {
  const secrets = new Map([["edge", SECRETS]]);
  const of = (more: Partial<DeployedAccess>) =>
    (["grpc", "rest"] as const).map((protocol) => securityOf(server(more), protocol, secrets));
  expect(of({ tls: "mutual", rest: "token" })).toEqual([
    { ca: "ca", serverName: "name", cert: "cert", key: "key" },
    { ca: "ca", serverName: "name", token: "token" },
  ]);
  expect(of({ tls: "server" })).toEqual([{ ca: "ca", serverName: "name" }, undefined]);
  expect(securityOf({ role: "edge" } as Deployment, "grpc", secrets)).toBeUndefined();
});

test("Pulumi is asked for secrets of those servers alone that have any", async () => {
  const asked: string[] = [];
  const cli = (args: readonly string[]) => {
    asked.push(args.join(" "));
    return JSON.stringify({ schema: "lathe.secrets/1", servers: [SECRETS] });
  };
  expect(await readSecrets([server({}), server({ tls: "server" })], () => Promise.resolve(cli))).toEqual(new Map());
  expect(await readSecrets([server({ tls: "mutual" })], () => Promise.resolve(cli))).toEqual(
    new Map([["edge", SECRETS]]),
  );
  expect(asked).toEqual(["stack output latheSecrets --show-secrets --json --stack edge"]);
  await expect(readSecrets([server({ rest: "token" })], () => null)).rejects.toThrow(
    /"edge" asks for a token.*\n.*npm run bench -- --stack edge/,
  );
});

test("cells of a closed REST are left out and noted, and what protection adds is said", () => {
  const { cells, notes } = withoutClosed(
    [cell("grpc"), cell("rest"), cell("rest", "cloud")],
    [server({ tls: "mutual", rest: "off" })],
  );
  expect(cells).toEqual([cell("grpc"), cell("rest", "cloud")]);
  expect(notes).toEqual(["edge has no REST (lathe:rest off): its 1 REST cells are left out"]);
  expect(accessRemarks([server({})])).toEqual([]);
  expect(accessRemarks([server({ tls: "mutual", rest: "token", expose: "tunnel" })])).toHaveLength(3);
});
