import { expect, test } from "vitest";
import type { Endpoint } from "../infra/outputs.ts";
import { callableOf } from "./callable.ts";

const endpoint = (protocol: string, security: Endpoint["security"]): Endpoint => ({
  api: "kserve-v2",
  protocol,
  port: 1,
  security,
});
const server = (...endpoints: Endpoint[]) => ({ id: "edge", endpoints });

test("the first endpoint's default client calls the variants, in the clear or with TLS alone", () => {
  expect(callableOf(server(endpoint("grpc", "none"), endpoint("rest", "none")), undefined).client).toBe("kserve-grpc");
  expect(callableOf(server(endpoint("grpc", "tls")), undefined).client).toBe("kserve-grpc");
  expect(callableOf(server(endpoint("grpc", "none"), endpoint("rest", "none")), "kserve-json")).toMatchObject({
    protocol: "rest",
  });
});

test("an endpoint that asks for a token or key is passed over", () => {
  expect(callableOf(server(endpoint("grpc", "mutual-tls"), endpoint("rest", "none")), undefined).client).toBe(
    "kserve-http",
  );
});

test.each(["token", "mutual-tls"] as const)("a server whose only endpoint has %s is refused in words", (security) => {
  expect(() => callableOf(server(endpoint("rest", security)), undefined)).toThrow("asks for a token or a client's key");
  expect(() => callableOf(server(endpoint("rest", security)), "kserve-http")).toThrow("where kserve-http calls it");
});

test("a client that no endpoint is for is refused with those that are", () => {
  expect(() => callableOf(server(endpoint("rest", "none")), "kserve-grpc")).toThrow("kserve-http");
});
