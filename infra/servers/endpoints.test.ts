import { describe, expect, test } from "vitest";
import { accessFaults, plannedEndpoints } from "./endpoints.ts";
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
const faults = (of: typeof both, tls: "off" | "server" | "mutual", how: "open" | "token" | "off") =>
  accessFaults(of, { tls, rest: how }).map((fault) => `${fault.what} / ${fault.fix}`);

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

  test("are those that are open", () => {
    expect(planned(both, "mutual", "off")).toEqual([["grpc", 8500, "mutual-tls"]]);
    expect(planned(alone, "off", "token")).toEqual([["rest", 9000, "token"]]);
  });
});

describe("what a kind cannot do is a fault with what it can", () => {
  test("none where it can", () => {
    for (const tls of ["off", "server", "mutual"] as const)
      for (const how of ["open", "token", "off"] as const) expect(faults(both, tls, how)).toEqual([]);
    expect(faults(alone, "off", "open")).toEqual([]);
    expect(faults(kind(grpc), "mutual", "off")).toEqual([]);
  });

  test("TLS, and certificates of clients", () => {
    expect(faults(alone, "server", "token")).toEqual([
      "lathe:tls: server, but no endpoint of a plain server speaks TLS / pulumi config rm lathe:tls",
    ]);
    const oneSided = kind({ ...grpc, protections: ["tls"] });
    expect(faults(oneSided, "mutual", "open")).toEqual([
      "lathe:tls: mutual, but no endpoint of a plain server asks clients for a certificate / pulumi config set lathe:tls server",
    ]);
  });

  test("a token where there is no REST, and REST closed where nothing else is or it cannot be", () => {
    expect(faults(kind(grpc), "off", "token")).toEqual([
      "lathe:rest: token, but a plain server has no REST endpoint that a token may protect / pulumi config rm lathe:rest",
    ]);
    expect(faults(alone, "off", "off")).toEqual([
      "lathe:rest: off (which lathe:tls means where lathe:rest is not set), but a plain server has no other endpoint / pulumi config set lathe:rest token",
    ]);
    expect(faults(kind(grpc, { ...rest, protections: [], closable: false }), "off", "off")).toEqual([
      "lathe:rest: off (which lathe:tls means where lathe:rest is not set), but a plain server cannot close it / pulumi config set lathe:rest open",
    ]);
  });
});
