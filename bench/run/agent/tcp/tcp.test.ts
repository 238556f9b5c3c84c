import { createServer } from "node:net";
import { connect } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { CallResult, Client, PredictRequest } from "../../../../clients/client.ts";
import { CallTcp } from "./facts.ts";
import { type TcpSample, samplesIn, shortestRtt, tcpOfCall, tcpReader } from "./read.ts";
import { tcpWatch } from "./watch.ts";

const INFO =
  " cubic wscale:7,7 rto:220.5 rtt:19.97/0.41 ato:40 mss:1448 pmtu:1500 rcvmss:536 advmss:1448 cwnd:42 ssthresh:30 bytes_sent:900000 " +
  "bytes_retrans:2896 bytes_acked:897105 bytes_received:12345 segs_out:700 segs_in:300 lastsnd:250 lastrcv:3 send 24.3Mbps " +
  "pacing_rate 48.6Mbps delivery_rate 20Mbps delivered:620 busy:400ms rwnd_limited:100ms(25.0%) sndbuf_limited:20ms(5.0%) retrans:0/2 rcv_space:14480 minrtt:19.5";
const sample = (more: Partial<TcpSample> = {}): TcpSample => ({
  ...{ port: 40000, congestion: "cubic", mss: 1448, cwnd: 10, rttMs: 20, minRttMs: 19, rtoMs: 220, idleMs: 0 },
  ...{ sentBytes: 0, ackedBytes: 0, receivedBytes: 0, retransmits: 0, windowLimitedMs: 0, bufferLimitedMs: 0 },
  ...more,
});

describe("what ss prints of a connection", () => {
  it("is read whether it is one line or two, with the state or without", () => {
    const expected = {
      ...{
        port: 40000,
        congestion: "cubic",
        mss: 1448,
        cwnd: 42,
        rttMs: 19.97,
        minRttMs: 19.5,
        rtoMs: 220.5,
        idleMs: 250,
      },
      ...{ sentBytes: 900000, ackedBytes: 897105, receivedBytes: 12345, retransmits: 2 },
      ...{ windowLimitedMs: 100, bufferLimitedMs: 20 },
    };
    expect(samplesIn(["0      0       10.213.7.11:40000  10.213.7.12:8500", `\t${INFO}`, "end", ""])).toEqual([
      expected,
    ]);
    expect(samplesIn([`ESTAB 0 0 10.213.7.11:40000 10.213.7.12:8500 ${INFO}`])).toEqual([expected]);
    expect(samplesIn([`0 0 [::ffff:10.0.0.1]:40000 [2001:db8::1]:8500 ${INFO}`])).toEqual([expected]);
    const flags = INFO.replace(" cubic ", " ts sack ecn bbr ");
    expect(samplesIn([`0 0 10.0.0.1:40000 10.0.0.2:1${flags}`])[0]?.congestion).toBe("bbr");
  });

  it("is left out where a part is missing or is no number, whatever comes", () => {
    for (const line of [
      "",
      "end",
      "0 0 a b",
      `0 0 10.0.0.1:40000 10.0.0.2:1 rto:5`,
      `x ${INFO}`,
      "\t\t",
      INFO.replace("cwnd:42", "cwnd:x"),
    ])
      expect(samplesIn([line]), line).toEqual([]);
    expect(samplesIn([`0 0 1.2.3.4:99999999 1.2.3.4:1 ${INFO}`])).toEqual([]);
  });
});

it("the shortest round trip of several connections is that of the kernel, or not known", () => {
  expect(shortestRtt([sample({ minRttMs: 21 }), sample({ minRttMs: undefined }), sample({ minRttMs: 19 })])).toBe(19);
  expect(shortestRtt([sample({ minRttMs: undefined })])).toBeUndefined();
  expect(shortestRtt([])).toBeUndefined();
});

describe("what a call did on its connection", () => {
  it("is what has grown meanwhile, on the one of several on which most was sent", () => {
    const before = [
      sample({ sentBytes: 100, ackedBytes: 100, retransmits: 1 }),
      sample({ port: 40001, sentBytes: 10 }),
    ];
    const after = [
      sample({
        sentBytes: 900100,
        ackedBytes: 900100,
        receivedBytes: 5000,
        retransmits: 4,
        cwnd: 80,
        windowLimitedMs: 30,
      }),
      sample({ port: 40001, sentBytes: 200 }),
    ];
    const found = tcpOfCall(before, after, false);
    expect(CallTcp.parse(found)).toMatchObject({
      ...{ connection: "warm", cwndBefore: 10, cwnd: 80, retransmits: 3, deliveredBytes: 900000, receivedBytes: 5000 },
      ...{ windowLimitedMs: 30, bufferLimitedMs: 0 },
    });
  });

  it("was begun on a cold connection, an idle one or a warm one", () => {
    const after = [sample({ sentBytes: 10, ackedBytes: 10 })];
    const state = (before: TcpSample[], first: boolean) => tcpOfCall(before, after, first)?.connection;
    expect(state([], false)).toBe("cold");
    expect(state([sample()], true)).toBe("cold");
    expect(state([sample({ idleMs: 221 })], false)).toBe("idle");
    expect(state([sample({ idleMs: 220 })], false)).toBe("warm");
  });

  it("is not known where nothing was sent", () => {
    expect(tcpOfCall([sample()], [sample()], false)).toBeUndefined();
    expect(tcpOfCall([sample()], [], false)).toBeUndefined();
  });
});

describe("a watch over calls", () => {
  const request = {} as PredictRequest;
  const good = { ok: true } as CallResult;
  const visit = { address: "127.0.0.1", port: 1, tcp: true };
  const world = () => {
    const did: string[] = [];
    let [sent, at] = [0, 0];
    const client: Client = {
      open: () => Promise.resolve(),
      close: () => Promise.resolve(),
      call: () => (did.push("call"), (sent += 100), Promise.resolve(good)),
    };
    const reader = {
      read: () => (did.push("read"), Promise.resolve([sample({ sentBytes: sent })])),
      close: () => Promise.resolve(),
    };
    return { did, client, reader, now: () => at, wait: (ms: number) => (at += ms) };
  };

  it("reads a connection after each call, never during one, and before the first and after a pause", async () => {
    const { did, client, reader, now, wait } = world();
    const called = new WeakSet<Client>();
    const watch = tcpWatch(visit, reader, called, now);
    for (const pause of [0, 0, 1000]) {
      wait(pause);
      expect(await watch.call(client, request)).toBe(good);
    }
    expect(did).toEqual(["read", "call", "read", "call", "read", "read", "call", "read"]);
    expect(watch.last()?.connection).toBe("warm");
    const another = tcpWatch(visit, reader, called, now);
    await another.call(client, request);
    expect(another.last()?.connection).toBe("warm");
  });

  it("says that the first call of a client is cold", async () => {
    const { client, reader, now } = world();
    const watch = tcpWatch(visit, reader, new WeakSet(), now);
    await watch.call(client, request);
    expect(watch.last()?.connection).toBe("cold");
  });

  it("reads nothing where a visit does not ask for it", async () => {
    const { did, client, reader, now } = world();
    const watch = tcpWatch({ ...visit, tcp: undefined }, reader, new WeakSet(), now);
    await watch.call(client, request);
    expect([did, watch.last()]).toEqual([["call"], undefined]);
  });
});

describe("this machine's ss", () => {
  it("tells of a connection to an address and port, and of none to another", async () => {
    const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    await new Promise((resolve) => socket.write(Buffer.alloc(100_000), resolve));
    const reader = tcpReader();
    const [own] = await reader.read("127.0.0.1", port);
    expect(own?.port).toBe(socket.localPort);
    expect(own?.sentBytes).toBeGreaterThan(0);
    expect(await reader.read("127.0.0.1", port === 1 ? 2 : 1)).toEqual([]);
    socket.destroy();
    server.close();
    await reader.close();
  });
});
