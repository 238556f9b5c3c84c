import { describe, expect, test } from "vitest";
import { leftoversOf } from "./leftovers.ts";

const OPEN = { container: "server", access: { expose: "address", allowFrom: [] }, proxy: false } as const;
const TOKEN = { container: "server", access: { expose: "address", allowFrom: [] }, proxy: true } as const;

const SERVER = "0123456789abcdef";
const PROXY = "1123456789abcdef";
const NETWORK = "2123456789abcdef";

/** What a host prints: containers, networks, and what gates have noted. */
const printed = (
  containers: string[],
  networks: string[],
  noted: string,
  beside?: { proxy: string; network: string },
) =>
  [
    ...[...containers, "@@networks", ...networks, "@@noted", noted, "@@beside"],
    ...(beside === undefined ? [] : [`proxy ${beside.proxy}`, `network ${beside.network}`]),
  ].join("\n");

test.each([
  ["nothing was ever there", "", "", ""],
  ["it runs and is known", `${SERVER} running `, SERVER, ""],
  ["it runs, is known, and followed a leftover", `${SERVER} running cafe`, SERVER, "cafe"],
  ["it restarts: the gate says why", `${SERVER} restarting `, SERVER, ""],
  ["it is paused", `${SERVER} paused `, SERVER, "0123456789ab"],
  ["its health test fails", `${SERVER} running-unhealthy `, SERVER, "0123456789ab"],
  ["it was stopped", `${SERVER} exited `, SERVER, "0123456789ab"],
  ["it was removed", "", SERVER, "gone-0123456789ab"],
  ["nobody knows it", "fedcba9876543210 running ", SERVER, "fedcba987654"],
  ["an up was killed before its gate", "fedcba9876543210 created ", "", "fedcba987654"],
])("where %s, the next container's label tells what to replace", (_what, found, noted, container) => {
  const containers = found === "" ? [] : [`server ${found}`];
  expect(leftoversOf(printed(containers, [], noted), OPEN)).toEqual({ container, proxy: "", network: "" });
});

test("models whose files were changed since they were delivered make another container", () => {
  const text = (changed: string) => `${printed([`server ${SERVER} running cafe`], [], SERVER)}\n@@changed\n${changed}`;
  expect(leftoversOf(text(""), OPEN).container).toBe("cafe");
  expect(leftoversOf(text("null/1\n"), OPEN).container).toBe("0123456789ab");
});

describe("of a server with a proxy and a network", () => {
  const server = `server ${SERVER} running `;
  const proxy = `server-rest ${PROXY} running `;
  const network = `lathe-0 ${NETWORK} running `;
  const known = { proxy: PROXY, network: NETWORK };
  const none = { container: "", proxy: "", network: "" };

  test("nothing is to be made anew where a gate has seen all that runs", () => {
    expect(leftoversOf(printed([server, proxy], [network], SERVER, known), TOKEN)).toEqual(none);
    expect(leftoversOf(printed([], [], "", { proxy: "", network: "" }), TOKEN)).toEqual(none);
  });

  test.each([
    ["was stopped", `server-rest ${PROXY} exited `, "1123456789ab"],
    ["was removed", undefined, "gone-1123456789ab"],
    ["was made by an up that was killed", `server-rest fedcba9876543210 created `, "fedcba987654"],
    ["followed a leftover", `${proxy}cafe`, "cafe"],
  ])("a proxy that %s is made anew, and nothing else", (_what, found, leftover) => {
    const containers = found === undefined ? [server] : [server, found];
    expect(leftoversOf(printed(containers, [network], SERVER, known), TOKEN)).toEqual({ ...none, proxy: leftover });
  });

  test("a network that nobody knows goes with all that is on it", () => {
    const fresh = printed([server, proxy], [network], "", { proxy: "", network: "" });
    const all = { container: "0123456789ab", proxy: "1123456789ab", network: "2123456789ab" };
    expect(leftoversOf(fresh, TOKEN)).toEqual(all);
    expect(leftoversOf(printed([server, proxy], [network], ""), TOKEN)).toEqual(all);
    expect(leftoversOf(printed([server, proxy], [network], SERVER, { ...known, network: "" }), TOKEN)).toEqual(all);
    expect(leftoversOf(printed([], [network], "", { proxy: "", network: "" }), TOKEN)).toEqual({
      ...none,
      network: "2123456789ab",
    });
  });

  test("a network that is gone brings its containers with it, once", () => {
    expect(leftoversOf(printed([server, proxy], [], SERVER, known), TOKEN)).toEqual({
      ...{ container: "0123456789ab", proxy: "1123456789ab", network: "gone-2123456789ab" },
    });
    const healed = [`${server}0123456789ab`, `${proxy}1123456789ab`];
    const next = printed(healed, [`${network}gone-2123456789ab`], SERVER, known);
    expect(leftoversOf(next, TOKEN)).toEqual({
      ...{ container: "0123456789ab", proxy: "1123456789ab", network: "gone-2123456789ab" },
    });
  });

  test("with a firewall and no token there is a network, and no proxy to ask for", () => {
    const guarded = {
      container: "server",
      ...{ access: { expose: "address" as const, allowFrom: ["192.0.2.1"] }, proxy: false },
    };
    const found = printed([server, proxy], [network], SERVER, { proxy: "", network: "" });
    expect(leftoversOf(found, guarded)).toEqual({ container: "0123456789ab", proxy: "", network: "2123456789ab" });
  });

  test("what stands beside a server that everyone may reach is none of its business", () => {
    expect(leftoversOf(printed([server, proxy], [], SERVER, known), OPEN)).toEqual(none);
  });
});
