import { describe, expect, test } from "vitest";
import { accessProblems, plannedEndpoints } from "./endpoints.ts";
import type { KindEndpoint, ServerKind } from "./kind.ts";

const grpc: KindEndpoint = {
  ...{ api: "one", protocol: "grpc", containerPort: 8500, defaultPort: 8500 },
  ...{ protections: ["tls", "mutual-tls"], closable: false },
};
const rest: KindEndpoint = {
  ...{ api: "one", protocol: "rest", containerPort: 80, defaultPort: 8501 },
  ...{ protections: ["token"], closable: true },
};
const kind = (...endpoints: KindEndpoint[]): Pick<ServerKind, "name" | "endpoints"> => ({ name: "plain", endpoints });
const both = kind(grpc, rest);
const alone = kind(rest);

const planned = (of: typeof both, tls: "off" | "server" | "mutual", how: "open" | "token" | "off") =>
  plannedEndpoints(of, { rest: 9000 }, { tls, rest: how }).map((e) => [e.protocol, e.port, e.security]);
const problems = (of: typeof both, tls: "off" | "server" | "mutual", how: "open" | "token" | "off") =>
  accessProblems(of, { tls, rest: how }).map(({ key, what, instead }) => `${key}: ${what} / ${instead ?? "none"}`);

describe("the endpoints of a server", () => {
  test("have the ports of the config, or their kind's own, and what protects them as far as they know it", () => {
    expect(planned(both, "off", "open")).toEqual([
      ["grpc", 8500, "none"],
      ["rest", 9000, "none"],
    ]);
    expect(planned(both, "mutual", "token")).toEqual([
      ["grpc", 8500, "mutual-tls"],
      ["rest", 9000, "token"],
    ]);
    expect(planned(both, "server", "open")).toEqual([
      ["grpc", 8500, "tls"],
      ["rest", 9000, "none"],
    ]);
    expect(planned(kind({ ...rest, protections: ["tls"] }), "server", "open")).toEqual([["rest", 9000, "tls"]]);
  });

  test("name every API that they speak", () => {
    const [first, second] = plannedEndpoints(kind({ ...grpc, also: ["two"] }, rest), {}, { tls: "off", rest: "open" });
    expect([first?.also, second?.also]).toEqual([["two"], undefined]);
  });

  test("are those that are open", () => {
    expect(planned(both, "mutual", "off")).toEqual([["grpc", 8500, "mutual-tls"]]);
    expect(planned(alone, "off", "token")).toEqual([["rest", 9000, "token"]]);
  });
});

describe("what a kind cannot do is told, with what it can", () => {
  test("none where it can", () => {
    for (const tls of ["off", "server", "mutual"] as const)
      for (const how of ["open", "token", "off"] as const) expect(problems(both, tls, how)).toEqual([]);
    expect(problems(alone, "off", "open")).toEqual([]);
    expect(problems(kind(grpc), "mutual", "off")).toEqual([]);
  });

  test("TLS, and certificates of clients", () => {
    expect(problems(alone, "server", "token")).toEqual([
      "tls: server, but no endpoint of a plain server speaks TLS / none",
    ]);
    const oneSided = kind({ ...grpc, protections: ["tls"] });
    expect(problems(oneSided, "mutual", "open")).toEqual([
      "tls: mutual, but no endpoint of a plain server asks clients for a certificate / server",
    ]);
  });

  test("a token where there is no REST, and REST closed where nothing else is or it cannot be", () => {
    expect(problems(kind(grpc), "off", "token")).toEqual([
      "rest: token, but a plain server has no REST endpoint that a token may protect / none",
    ]);
    expect(problems(alone, "off", "off")).toEqual([
      "rest: off (which lathe:tls means where lathe:rest is not set), but a plain server has no other endpoint / token",
    ]);
    expect(problems(kind(grpc, { ...rest, protections: [], closable: false }), "off", "off")).toEqual([
      "rest: off (which lathe:tls means where lathe:rest is not set), but a plain server cannot close it / open",
    ]);
  });
});
