import { describe, expect, test } from "vitest";
import { networkName } from "../access/firewall-rules.ts";
import { conflicts, parseSeen, toRemove } from "./conflicts.ts";
import type { ReservationSpec } from "./spec.ts";

const RESERVATION: ReservationSpec = {
  target: { destination: "edge.example" },
  ...{ owner: "lathe/edge", id: "provider-1", container: "server", leftover: "", proxy: false },
  server: "edge.edge.example",
  ports: [
    { protocol: "grpc", port: 8500 },
    { protocol: "rest", port: 8501 },
  ],
};
const NETWORK = networkName("lathe/edge", "server");
const OWN = "provider-1 lathe/edge edge.edge.example";

/** With a proxy and a network of its own, of which an `up` may have left something. */
const guarded = (left: { server?: string; proxy?: string; network?: string } = {}): ReservationSpec => ({
  ...{ ...RESERVATION, proxy: true, leftover: left.server ?? "" },
  beside: { workspace: "/srv/lathe", proxy: left.proxy ?? "", network: left.network ?? "" },
});

/** What a host prints: containers (names, id, whose, ports), sockets that listen, and networks. */
function seen(containers: string[], listening: string[] = [], networks: string[] = []) {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue";
  const parts = [containers, ["@@networks"], networks, ["@@listening", head], listening];
  return parseSeen(`${parts.flat().join("\n")}\n`);
}
const listen = (port: number, state = "0A") =>
  `   0: 00000000:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 ${state} 00000000:00000000`;

describe("what a host says of a server's reservation", () => {
  test("is read with every way Docker writes ports and names, and sockets that listen only", () => {
    const found = seen(
      [
        "a c0 0.0.0.0:8500-8502->8500-8502/tcp, :::8500-8502->8500-8502/tcp",
        "b,other/alias c1    9000/tcp",
        "c c2 other lathe/x y 127.0.0.1:7000->80/tcp",
      ],
      [listen(22), listen(8501, "01")],
      [`${NETWORK} e0 ${OWN}`],
    );
    expect(found.containers.map(({ names, ports }) => [names, ports])).toEqual([
      [["a"], [[8500, 8502]]],
      [["b", "other/alias"], []],
      [["c"], [[7000, 7000]]],
    ]);
    expect(found.containers.map(({ deployment, owner, server }) => [deployment, owner, server])[2]).toEqual([
      "other",
      "lathe/x",
      "y",
    ]);
    expect(found.networks).toMatchObject([{ names: [NETWORK], id: "e0", deployment: "provider-1" }]);
    expect(found.listening).toEqual([22]);
  });

  test("leaves a place where nobody has the name or the ports", () => {
    expect(conflicts(RESERVATION, seen(["b c1    0.0.0.0:9000->9000/tcp"], [listen(22)]))).toEqual([]);
  });

  test("names who has a port, and the key that moves away from it", () => {
    const faults = conflicts(RESERVATION, seen(["b c1    0.0.0.0:8500->80/tcp"], [listen(8500), listen(8501)]));
    expect(faults.map((f) => f.what)).toEqual([
      "host edge.example: port 8500 is taken by container b",
      "host edge.example: port 8501 is taken by another program (which: ssh edge.example sudo ss -ltnp)",
    ]);
    expect(faults.map((f) => f.fix?.match(/lathe:[\w.]+/)?.[0])).toEqual(["lathe:ports.grpc", "lathe:ports.rest"]);
  });

  test("tells a container that is not Lathe's from one of somebody else's stack, and from its own", () => {
    const whose = (labels: string) =>
      conflicts(RESERVATION, seen([`server c0 ${labels} 0.0.0.0:8500->8500/tcp`], [listen(8500)])).map((f) => f.what);
    expect(whose("  ")[0]).toContain("there is a container server already (not Lathe's)");
    expect(whose("provider-2 lathe/edge edge.edge.example")[0]).toContain("of stack lathe/edge");
    expect(whose(OWN)).toEqual([]);
  });

  test("names who has REST's proxy's name or the network's, where there are to be any, and the command that removes it", () => {
    const others = seen(["server-rest c0  "], [], [`${NETWORK} e0  `]);
    expect(conflicts(RESERVATION, others)).toEqual([]);
    expect(conflicts(guarded(), others).map(({ what, fix }) => [what, fix?.split(": ").at(-1)])).toEqual([
      [
        "host edge.example: there is a container server-rest already (not Lathe's)",
        "ssh edge.example docker rm -f server-rest",
      ],
      [
        `host edge.example: there is a network ${NETWORK} already (not Lathe's)`,
        `ssh edge.example docker network rm ${NETWORK}`,
      ],
    ]);
    const theirs = seen(["server-rest c0 provider-2 lathe/edge"], [], [`${NETWORK} e0 provider-2 lathe/edge`]);
    expect(conflicts(guarded(), theirs).map(({ what }) => /of stack lathe\/edge, of somebody/.test(what))).toEqual([
      true,
      true,
    ]);
    expect(conflicts(guarded(), seen([`server-rest c0 ${OWN}`], [], [`${NETWORK} e0 ${OWN}`]))).toEqual([]);
  });

  test("lets a container keep its ports under another name", () => {
    expect(conflicts(RESERVATION, seen([`old-name c0 ${OWN} 0.0.0.0:8500->8500/tcp`], [listen(8500)]))).toEqual([]);
  });
});

describe("what goes before a server comes", () => {
  const all = [
    [`server c0ffee ${OWN}`, `server-rest beef01 ${OWN}`, "server-other c0ffee  "],
    [],
    [`${NETWORK} fade01 ${OWN}`],
  ] as const;
  const both = seen([...all[0]], [...all[1]], [...all[2]]);

  test("is what an interrupted up left, the proxy before the server, and nothing that is known", () => {
    expect(toRemove(guarded(), both)).toEqual({ containers: [], networks: [] });
    expect(toRemove(guarded({ proxy: "beef" }), both)).toEqual({ containers: ["beef01"], networks: [] });
    expect(toRemove(guarded({ server: "c0ff", proxy: "beef", network: "fade" }), both)).toEqual({
      ...{ containers: ["beef01", "c0ffee"], networks: ["fade01"] },
    });
    // They are gone, or others by now.
    expect(toRemove(guarded({ server: "gone-1", proxy: "gone-2", network: "gone-3" }), both)).toEqual({
      ...{ containers: [], networks: [] },
    });
  });

  test("is never somebody else's, even where its id is the one that was read", () => {
    const theirs = seen(
      ["server c0ffee provider-2 lathe/edge", "server-rest beef01  lathe/edge"],
      [],
      [`${NETWORK} fade01  lathe/edge`],
    );
    expect(toRemove(guarded({ server: "c0ff", proxy: "beef", network: "fade" }), theirs)).toEqual({
      ...{ containers: [], networks: [] },
    });
  });

  test("is an own proxy that is no more wanted: it has the server's port", () => {
    expect(toRemove(RESERVATION, both)).toEqual({ containers: ["beef01"], networks: [] });
    expect(toRemove(RESERVATION, seen(["server-rest beef01  "])).containers).toEqual([]);
  });

  test("is a container of another server of the deployment that has a name or a port of this one's, and no other", () => {
    const others = seen([
      "old c0 provider-1 lathe/edge edge/other 0.0.0.0:8501->80/tcp",
      "server c1 provider-1 lathe/edge edge/other ",
      "beside c2 provider-1 lathe/edge edge/other 0.0.0.0:8600->80/tcp",
      "theirs c3 provider-2 lathe/edge edge/other 0.0.0.0:8500->80/tcp",
    ]);
    expect(toRemove(RESERVATION, others)).toEqual({ containers: ["c0", "c1"], networks: [] });
    expect(conflicts(RESERVATION, others).map((f) => f.what)).toEqual([
      "host edge.example: port 8500 is taken by container theirs",
    ]);
  });
});
