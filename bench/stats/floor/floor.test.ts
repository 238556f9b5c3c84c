import { describe, expect, it } from "vitest";
import type { CallTcp } from "../../run/agent/tcp/facts.ts";
import { callRecord } from "../../testing/calls.ts";
import { cellOf } from "../../testing/cells.ts";
import { distanceStudy } from "../../testing/distance.ts";
import type { Study } from "../study.ts";
import { afterIdle, boundBy, floorOf, savings, type CallConditions } from "./call.ts";
import { cellFloors } from "./cells.ts";
import { LinkFactsGatherer } from "./facts.ts";
import { INITIAL_WINDOW_BYTES } from "./transfer.ts";
import { type RemoteChoice, boundaryOf, fastestAt, modelError, remoteMs, whereToServe } from "./where.ts";

const CALL = { requestBytes: 921_676, responseBytes: 2600, serviceMs: 60 };
const FAR: CallConditions = { rttMs: 80, mbit: 1000, connection: "warm" };
const WINDOW = { bytes: 65_535, then: "same" } as const;

describe("the floor of a call", () => {
  it("adds up: service, one round trip, bytes by bandwidth, slow start, windows", () => {
    const f = floorOf(CALL, { ...FAR, connection: "cold", requestWindow: WINDOW });
    expect(f.serviceMs + f.rttMs + f.bandwidthMs + f.slowStartMs + f.windowMs).toBeCloseTo(f.ms, 9);
    expect(f).toMatchObject({ serviceMs: 60, rttMs: 80 });
    expect(f.rounds).toBe(16);
    expect(floorOf(CALL, FAR)).toMatchObject({ slowStartMs: 0, windowMs: 0, rounds: 1 });
  });

  it("begins again with ten segments after a long pause, and with half as much for each timeout of a shorter one", () => {
    expect(afterIdle(1e6, 100, 300)).toBe(1e6);
    expect(afterIdle(1e6, 301, 300)).toBe(5e5);
    expect(afterIdle(1e6, 901, 300)).toBe(1.25e5);
    expect(afterIdle(1e6, 60_000, 300)).toBe(INITIAL_WINDOW_BYTES);
    expect(afterIdle(3000, 60_000, 300)).toBe(3000);
  });

  it("names what bound a call: the limit without which it would be shorter by the most", () => {
    const named = (ms: number, resent: number, conditions: Partial<CallConditions>, serviceMs = 5) =>
      boundBy(ms, resent, { ...CALL, serviceMs }, { ...FAR, ...conditions }).limit;
    const floor = (conditions: Partial<CallConditions>, serviceMs = 5) =>
      floorOf({ ...CALL, serviceMs }, { ...FAR, ...conditions }).ms;
    expect(named(floor({}), 0, {})).toBe("rtt");
    expect(named(floor({ connection: "cold" }), 0, { connection: "cold" })).toBe("slowStart");
    expect(named(floor({ mbit: 10 }), 0, { mbit: 10 })).toBe("bandwidth");
    expect(named(floor({ requestWindow: WINDOW }), 0, { requestWindow: WINDOW })).toBe("window");
    expect(named(floor({}, 900), 0, {}, 900)).toBe("service");
    expect(named(900, 5, {})).toBe("loss");
    // Nobody saw a loss: only the machines are left.
    expect(named(900, 0, {})).toBe("service");
    // A narrow line is no faster with a wider window.
    expect(savings(CALL, { ...FAR, rttMs: 2, mbit: 10, requestWindow: WINDOW }).window).toBe(0);
  });

  it("takes a congestion window that stopped growing for slow start's doing, but not where segments were lost", () => {
    const cold = { ...FAR, connection: "cold" } as const;
    const stopped = { ...cold, grownBytes: 40 * 1448 };
    // Ten, twenty, then forty segments a round: eighteen rounds in place of seven.
    expect(floorOf(CALL, stopped).rounds).toBe(18);
    const ms = floorOf(CALL, stopped).ms;
    expect(boundBy(ms, 0, { ...CALL, serviceMs: 5 }, cold).limit).toBe("service");
    expect(boundBy(ms, 0, { ...CALL, serviceMs: 5 }, stopped).limit).toBe("slowStart");
    expect(boundBy(ms, 4, { ...CALL, serviceMs: 5 }, stopped).limit).toBe("loss");
  });
});

describe("what records say of connections", () => {
  const tcp: CallTcp = {
    ...{ connection: "warm", congestion: "cubic", mss: 1448, cwndBefore: 100, cwnd: 100, retransmits: 0 },
    ...{ deliveredBytes: 900_000, receivedBytes: 3000, rttMs: 80, rtoMs: 280 },
  };
  const error = { code: "UNAVAILABLE", message: "link far went away", void: true } as const;
  const gone = (round: number) => ({ type: "failure" as const, cell: "a", round, at: "", error });

  it("has nothing of calls that did not go over their link", () => {
    const gatherer = new LinkFactsGatherer();
    gatherer.add(callRecord("a", 0, 100, { tcp }));
    for (let i = 0; i < 3; i++) gatherer.add(callRecord("a", 1, 1, { tcp: { ...tcp, connection: "cold", cwnd: 10 } }));
    gatherer.add(gone(1));
    expect(gatherer.facts().calls.get("a")).toMatchObject({ connection: "warm", grownBytes: 144_800 });
    gatherer.add(gone(0));
    expect(gatherer.facts().calls.has("a")).toBe(false);
  });
});

describe("the floors of a run", () => {
  const took = (server: string, model: string) => (model.startsWith("rfcn") ? 1500 : 60) * (server === "edge" ? 2 : 1);

  it("are what the same call takes over a link that adds nothing, and what the link measured adds", () => {
    const study = distanceStudy((server, model, link) => took(server, model) + (link?.name === "far" ? 200 : 0));
    const floors = cellFloors(study);
    expect(floors.size).toBe(8);
    const far = floors.get("client>edge over far probe ssd-mobilenet image-7");
    expect(far?.base.id).toBe("client>edge over lan probe ssd-mobilenet image-7");
    expect(far?.conditions).toMatchObject({ rttMs: 80.2, mbit: 100, connection: "warm", congestionBytes: 2000 * 1448 });
    const wire = ((921_676 + 2600) * 8 * 1500) / 1448 / 1e5;
    expect(far?.floor.ms).toBeCloseTo(120 + 80.2 + wire, 6);
    expect(far?.ratio).toBeCloseTo(320 / (200.2 + wire), 6);
    // Local calls have none, and those of which nothing tells the time without a link.
    expect([...floors.values()].filter((f) => f.cell.local)).toEqual([]);
    expect(modelError(study)?.cells).toBe(4);
  });

  it("are service and the round trip of the connection itself where a remote cell goes over no link, and no bandwidth is made up", () => {
    const study = distanceStudy((server, model) => took(server, model) + 50);
    const plain = cellOf(["client", "edge"], "ssd-mobilenet", "probe", "image-7");
    const cells = [...study.manifest.cells, plain];
    const over = study.data.get("client>edge over lan probe ssd-mobilenet image-7");
    const { links } = study;
    if (over === undefined || links === undefined) throw new Error("no data");
    const found = (ownRttMs: ReadonlyMap<string, number>) =>
      cellFloors({
        ...study,
        manifest: { ...study.manifest, cells },
        data: new Map([...study.data, [plain.id, over]]),
        links: { ...links, ownRttMs },
      }).get(plain.id);
    expect(found(new Map())).toBeUndefined();
    const floor = found(new Map([[plain.id, 7]]));
    // Not of the link that adds nothing: a round trip is in that, too.
    expect(floor).toMatchObject({ wayFrom: "connection", base: { local: true, server: "edge" } });
    expect(floor?.floor).toMatchObject({ ms: 120 + 50 + 7, rttMs: 7, bandwidthMs: 0, slowStartMs: 0, windowMs: 0 });
  });

  it("begin with slow start where the kernel says that connections are idle, and know the windows that requests felt", () => {
    const idle = distanceStudy(
      took,
      { connection: "idle", rtoMs: 20 },
      { requestWindow: { bytes: 65_535, waits: 14 } },
    );
    const floor = cellFloors(idle).get("client>edge over far probe ssd-mobilenet image-7");
    expect(floor?.conditions).toMatchObject({ connection: "idle", requestWindow: WINDOW });
    // Ninety milliseconds are five timeouts: the window is halved four times.
    expect(floor?.conditions.congestionBytes).toBe((2000 * 1448) / 16);
    const core = distanceStudy(took, {}, { requestWindow: { bytes: 65_535, waits: 1 } });
    const once = cellFloors(core).get("client>edge over far probe ssd-mobilenet image-7");
    expect(once?.conditions.requestWindow).toEqual({ bytes: 65_535, then: "rest" });
    expect(once?.floor.rounds).toBe(2);
    const lossy = distanceStudy((_s, _m, link) => (link?.name === "far" ? 900 : 20), { retransmits: 3 });
    expect(cellFloors(lossy).get("client>edge over far probe ssd-mobilenet image-7")?.bound.limit).toBe("loss");
  });

  it("know the window that the client asks for: a large answer stops at each", () => {
    const study = distanceStudy(took);
    const data = new Map([...study.data].map(([id, d]) => [id, { ...d, responseBytes: 921_676 }] as const));
    const over = (transports: Record<string, Record<string, number>> | undefined) =>
      cellFloors({ ...study, data, manifest: { ...study.manifest, transports } }).get(
        "client>edge over far probe ssd-mobilenet image-7",
      );
    const windows = (bytes: number) => ({ probe: { streamWindowBytes: bytes, connectionWindowBytes: bytes } });
    for (const wide of [undefined, {}, { probe: { readBytes: 1 } }, windows(2 ** 24)])
      expect(over(wide)?.floor.windowMs).toBe(0);
    const narrow = over(windows(65_535));
    expect(narrow?.conditions.answerWindow).toEqual({ bytes: 65_535, then: "same" });
    // Fourteen times more than one window, and a round trip for most of each.
    expect(narrow?.floor.windowMs).toBeGreaterThan(14 * 70);
    expect(over(windows(65_535))?.floor.rounds).toBe(1);
    expect(narrow?.bound.limit).toBe("window");
  });
});

describe("where to serve", () => {
  const took = (server: string) => ({ client: 100, cloud: 40, edge: 130 })[server] ?? 0;
  const questions = whereToServe(distanceStudy(took));
  const ssd = questions.find((q) => q.model === "ssd-mobilenet");

  it("asks of each model what its own server takes and what others would, and of no model that answers a constant", () => {
    expect(questions.map((q) => q.model)).toEqual(["rfcn-resnet101", "ssd-mobilenet"]);
    expect(ssd).toMatchObject({ clientMachine: "client", localMs: 100, protocol: "grpc" });
    const same = { requestBytes: 921_676, responseBytes: 2600, sendMs: 0, windows: {} };
    expect(ssd?.remotes).toEqual([
      { server: "cloud", serviceMs: 40, ...same },
      { server: "edge", serviceMs: 130, ...same },
    ]);
  });

  it("knows from which way on another server is slower: there it takes as long", () => {
    const [cloud, edge] = ssd?.remotes ?? [];
    if (ssd === undefined || cloud === undefined || edge === undefined) throw new Error("no remotes");
    const b = boundaryOf(ssd.localMs, cloud);
    expect(remoteMs(cloud, { rttMs: b.mostRttMs ?? NaN, mbit: null }) / 100).toBeCloseTo(1, 2);
    expect(remoteMs(cloud, { rttMs: 0, mbit: b.leastMbit }) / 100).toBeCloseTo(1, 2);
    expect(remoteMs(cloud, { rttMs: 20, mbit: b.leastMbitAt20 }) / 100).toBeCloseTo(1, 2);
    expect(boundaryOf(ssd.localMs, edge)).toEqual({ mostRttMs: null, leastMbit: null, leastMbitAt20: null });
    expect(boundaryOf(55, cloud).leastMbitAt20).toBeNull();
    expect(fastestAt(ssd, { rttMs: 1, mbit: 1000 })).toMatchObject({ server: "cloud" });
    expect(fastestAt(ssd, { rttMs: 1, mbit: 10 })).toEqual({ server: null, ms: 100 });
    // A server that takes long finds its connection idle: slow start for each call.
    const slow = { ...cloud, serviceMs: 1000 };
    expect(remoteMs(slow, { rttMs: 50, mbit: null })).toBe(1000 + 50 + 6 * 50);
    expect(remoteMs(cloud, { rttMs: 50, mbit: null })).toBe(90);
  });

  it("counts the round trips that narrow HTTP/2 windows cost, of the server's as it showed over the longest round trip", () => {
    const way = { rttMs: 50, mbit: null };
    const study = distanceStudy(took, {}, { requestWindow: { bytes: 65_535, waits: 1 } });
    const cloud = (of: Study) => whereToServe(of).find((q) => q.model === "ssd-mobilenet")?.remotes[0];
    const ms = (of: Study) => remoteMs(cloud(of) ?? ({} as RemoteChoice), way);
    expect(ms(study) - ms(distanceStudy(took))).toBe(50);
    // Nearby the leave to send on came before the client waited.
    const links = study.links;
    if (links === undefined) throw new Error("no links");
    const calls = new Map(
      [...links.calls].map(([id, facts]) => [id, id.includes("over far") ? facts : { ...facts, window: undefined }]),
    );
    expect(ms({ ...study, links: { ...links, calls } })).toBe(ms(study));
    const transports = { probe: { streamWindowBytes: 1000, connectionWindowBytes: 1000 } };
    // 2,600 bytes and their headers: three windows.
    expect(ms({ ...study, manifest: { ...study.manifest, transports } }) - ms(study)).toBe(2 * 50);
  });
});
