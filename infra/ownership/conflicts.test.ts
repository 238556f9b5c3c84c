import { describe, expect, test } from "vitest";
import { networkName } from "../access/firewall-rules.ts";
import { leftovers, occupied, parseSeen } from "./conflicts.ts";
import type { RoomSpec } from "../host-programs/specs.ts";

const ROOM: RoomSpec = {
  target: { destination: "edge.example" },
  ...{ owner: "lathe/edge", id: "provider-1", container: "tf-serving", attempt: "" },
  ports: { grpcPort: 8500, restPort: 8501 },
};
const NETWORK = networkName("lathe/edge", "tf-serving");
const OWN = "provider-1 lathe/edge";

/** A room with a proxy and a network of its own, of which an `up` may have left something. */
const guarded = (attempts: { attempt?: string; proxy?: string; network?: string } = {}): RoomSpec => ({
  ...{ ...ROOM, rest: "token", attempt: attempts.attempt ?? "" },
  beside: { workspace: "/srv/lathe", proxy: attempts.proxy ?? "", network: attempts.network ?? "" },
});

/** What a host prints: containers (names, id, whose, ports), sockets that listen, and networks. */
function seen(containers: string[], listening: string[] = [], networks: string[] = []) {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue";
  const parts = [containers, ["@@networks"], networks, ["@@listening", head], listening];
  return parseSeen(`${parts.flat().join("\n")}\n`);
}
const listen = (port: number, state = "0A") =>
  `   0: 00000000:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 ${state} 00000000:00000000`;

describe("what a host says of a deployment's room", () => {
  test("is read with every way Docker writes ports and names, and sockets that listen only", () => {
    const found = seen(
      [
        "a c0 0.0.0.0:8500-8502->8500-8502/tcp, :::8500-8502->8500-8502/tcp",
        "b,other/alias c1   9000/tcp",
        "c c2 other lathe/x 127.0.0.1:7000->80/tcp",
      ],
      [listen(22), listen(8501, "01")],
      [`${NETWORK} e0 ${OWN}`],
    );
    expect(found.containers.map(({ names, ports }) => [names, [...new Set(ports)]])).toEqual([
      [["a"], [8500, 8501, 8502]],
      [["b", "other/alias"], []],
      [["c"], [7000]],
    ]);
    expect(found.containers.map(({ deployment, owner }) => [deployment, owner])[2]).toEqual(["other", "lathe/x"]);
    expect(found.networks).toMatchObject([{ names: [NETWORK], id: "e0", deployment: "provider-1" }]);
    expect(found.listening).toEqual([22]);
  });

  test("leaves room where nobody has the name or the ports", () => {
    expect(occupied(ROOM, seen(["b c1   0.0.0.0:9000->9000/tcp"], [listen(22)]))).toEqual([]);
  });

  test("names who has a port, and the key that moves away from it", () => {
    const faults = occupied(ROOM, seen(["b c1   0.0.0.0:8500->80/tcp"], [listen(8500), listen(8501)]));
    expect(faults.map((f) => f.what)).toEqual([
      "host edge.example: port 8500 is taken by container b",
      "host edge.example: port 8501 is taken by another program (which: ssh edge.example sudo ss -ltnp)",
    ]);
    expect(faults.map((f) => f.fix?.match(/lathe:\w+/)?.[0])).toEqual(["lathe:grpcPort", "lathe:restPort"]);
  });

  test("tells a container that is not Lathe's from one of somebody else's stack, and from its own", () => {
    const whose = (labels: string) =>
      occupied(ROOM, seen([`tf-serving c0 ${labels} 0.0.0.0:8500->8500/tcp`], [listen(8500)])).map((f) => f.what);
    expect(whose(" ")[0]).toContain("there is a container tf-serving already (not Lathe's)");
    expect(whose("provider-2 lathe/edge")[0]).toContain("of stack lathe/edge");
    expect(whose(OWN)).toEqual([]);
    // Made before there was an id.
    expect(whose(" lathe/edge")).toEqual([]);
  });

  test("names who has REST's proxy's name or the network's, where there are to be any, and the command that removes it", () => {
    const others = seen(["tf-serving-rest c0  "], [], [`${NETWORK} e0  `]);
    expect(occupied(ROOM, others)).toEqual([]);
    expect(occupied(guarded(), others).map(({ what, fix }) => [what, fix?.split(": ").at(-1)])).toEqual([
      [
        "host edge.example: there is a container tf-serving-rest already (not Lathe's)",
        "ssh edge.example docker rm -f tf-serving-rest",
      ],
      [
        `host edge.example: there is a network ${NETWORK} already (not Lathe's)`,
        `ssh edge.example docker network rm ${NETWORK}`,
      ],
    ]);
    const theirs = seen(["tf-serving-rest c0 provider-2 lathe/edge"], [], [`${NETWORK} e0 provider-2 lathe/edge`]);
    expect(occupied(guarded(), theirs).map(({ what }) => /of stack lathe\/edge, of somebody/.test(what))).toEqual([
      true,
      true,
    ]);
    expect(occupied(guarded(), seen([`tf-serving-rest c0 ${OWN}`], [], [`${NETWORK} e0 ${OWN}`]))).toEqual([]);
  });

  test("lets a container keep its ports under another name", () => {
    expect(occupied(ROOM, seen([`old-name c0 ${OWN} 0.0.0.0:8500->8500/tcp`], [listen(8500)]))).toEqual([]);
  });
});

describe("what goes before there is room", () => {
  const all = [
    [`tf-serving c0ffee ${OWN}`, `tf-serving-rest beef01 ${OWN}`, "tf-serving-other c0ffee  "],
    [],
    [`${NETWORK} fade01 ${OWN}`],
  ] as const;
  const both = seen([...all[0]], [...all[1]], [...all[2]]);

  test("is what an interrupted up left, the proxy before the server, and nothing that is known", () => {
    expect(leftovers(guarded(), both)).toEqual({ containers: [], networks: [] });
    expect(leftovers(guarded({ proxy: "beef" }), both)).toEqual({ containers: ["beef01"], networks: [] });
    expect(leftovers(guarded({ attempt: "c0ff", proxy: "beef", network: "fade" }), both)).toEqual({
      ...{ containers: ["beef01", "c0ffee"], networks: ["fade01"] },
    });
    // They are gone, or others by now.
    expect(leftovers(guarded({ attempt: "gone-1", proxy: "gone-2", network: "gone-3" }), both)).toEqual({
      ...{ containers: [], networks: [] },
    });
  });

  test("is never somebody else's, even where its id is the one that was read", () => {
    const theirs = seen(
      ["tf-serving c0ffee provider-2 lathe/edge", "tf-serving-rest beef01  lathe/edge"],
      [],
      [`${NETWORK} fade01  lathe/edge`],
    );
    expect(leftovers(guarded({ attempt: "c0ff", proxy: "beef", network: "fade" }), theirs)).toEqual({
      ...{ containers: [], networks: [] },
    });
  });

  test("is an own proxy that is no more wanted: it has the server's port", () => {
    expect(leftovers({ ...ROOM, rest: "open" }, both)).toEqual({ containers: ["beef01"], networks: [] });
    expect(leftovers({ ...ROOM, rest: "open" }, seen(["tf-serving-rest beef01  "])).containers).toEqual([]);
  });
});
