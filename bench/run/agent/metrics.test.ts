import { type RequestListener, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { Api } from "../../../clients/client.ts";
import { addedBetween, metricsReader } from "./metrics.ts";

/** An API whose page of metrics is a list of letters answered, and of milliseconds: `ssd pigeon 3 12`. */
const letters: Api = {
  name: "letters",
  clients: [],
  metrics: (page, model, protocol) => {
    const line = page.split("\n").find((l) => l.startsWith(`${model} ${protocol} `));
    const [count = 0, sumMs = 0] = (line ?? "").split(" ").slice(2).map(Number);
    return { requests: { count, sumMs, stepMs: 0 }, runs: { count: 0, sumMs: 0, stepMs: 0 } };
  },
};

async function serving(port: number, answer: RequestListener): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

const stopped = (server: Server) => new Promise((resolve) => server.close(resolve));

describe("a reader of metrics", () => {
  it("says what was added between two readings, by any API's form, and why there is nothing to be read", async () => {
    let served = 0;
    const server = await serving(0, (request, response) => {
      if (request.url !== "/metrics") return response.writeHead(404).end("not here");
      served += 3;
      return response.end(`ssd pigeon ${served} ${4 * served}\n`);
    });
    const { port } = server.address() as AddressInfo;
    let nowMs = 0;
    const reader = metricsReader([letters], () => nowMs);
    const page = { api: "letters", protocol: "pigeon", address: "127.0.0.1", port, path: "/metrics" };
    const twice = async (of: Partial<typeof page>) => (await reader.read({ ...page, ...of }, "ssd"))();
    expect(await twice({})).toMatchObject({ requests: { count: 3, sumMs: 12 }, runs: { count: 0 } });
    expect(await twice({ path: "/other" })).toEqual({ unread: "/other: HTTP 404" });
    expect(await twice({ api: "songs" })).toEqual({ unread: '/metrics: no metrics of API "songs" are known here' });
    await reader.close();
    await stopped(server);
    expect(await twice({})).toMatchObject({ unread: expect.stringContaining("/metrics: ") as string });
    // A port that was silent is asked again after a minute, and not before.
    const back = await serving(port, (_, response) => response.end("\n"));
    expect(await twice({})).toHaveProperty("unread");
    nowMs = 61_000;
    expect(await twice({})).toMatchObject({ requests: { count: 0 } });
    await reader.close();
    await stopped(back);
  });
});

describe("a reader of a server with replicas", () => {
  it("adds up what each of them tells, and says why not where one does not", async () => {
    const served = [0, 0];
    const servers = await Promise.all(
      served.map((_, i) =>
        serving(0, (_request, response) => {
          served[i] = (served[i] ?? 0) + 1 + i;
          response.end(`ssd pigeon ${served[i]} ${10 * (served[i] ?? 0)}\n`);
        }),
      ),
    );
    const [port = 0, other = 0] = servers.map((s) => (s.address() as AddressInfo).port);
    const reader = metricsReader([letters]);
    const page = { api: "letters", protocol: "pigeon", address: "127.0.0.1", port, otherPorts: [other], path: "/m" };
    expect(await (await reader.read(page, "ssd"))()).toMatchObject({ requests: { count: 3, sumMs: 30 } });
    await reader.close();
    await Promise.all(servers.slice(1).map(stopped));
    expect(await (await reader.read(page, "ssd"))()).toHaveProperty("unread");
    await reader.close();
    await Promise.all(servers.slice(0, 1).map(stopped));
  });
});

describe("what was added between two readings", () => {
  it("is known as well as the coarser one's last digit", () => {
    const nothing = { count: 0, sumMs: 0, stepMs: 0 };
    const [before, after] = [
      { requests: { count: 10, sumMs: 1_234_560, stepMs: 10 }, runs: nothing },
      { requests: { count: 12, sumMs: 1_234_710, stepMs: 1 }, runs: nothing },
    ];
    expect(addedBetween(before, after)).toEqual({ requests: { count: 2, sumMs: 150, stepMs: 10 }, runs: nothing });
  });
});
