import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { repoRoot } from "../lib/paths.ts";
import { APIS, PROTOCOLS, apiNamed, clientKind, clientKinds, protocolTitle } from "./registry.ts";

const UNSEEN = { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null, totalMs: 1 };

describe("the registry", () => {
  it("has clients under names of their own, and lists them where one is unknown", () => {
    expect(new Set(clientKinds.map((k) => k.name)).size).toBe(clientKinds.length);
    expect(clientKind("probe").protocol).toBe("grpc");
    expect(() => clientKind("fetch")).toThrow(
      "one of probe, probe-64k, grpc-js, rest, rest-b64, kserve-grpc, kserve-http, kserve-json",
    );
  });

  it("has clients of every protocol, each in its own API, and one default for each of both", () => {
    expect(new Set(clientKinds.map((k) => k.protocol))).toEqual(new Set(PROTOCOLS.map((p) => p.key)));
    for (const api of APIS) {
      // One may have a page of metrics alone, for servers that speak another.
      if (api.clients.length === 0) expect(api.metrics).toBeDefined();
      else expect(new Set(api.clients.map((k) => k.api))).toEqual(new Set([api.name]));
      for (const [protocol, kinds] of Map.groupBy(api.clients, (k) => k.protocol))
        expect(
          kinds.filter((k) => k.isDefault),
          `${api.name} ${protocol}`,
        ).toHaveLength(1);
    }
  });

  it("takes another API and protocol by an entry each", () => {
    const create = () => ({
      open: () => Promise.resolve(),
      call: () =>
        Promise.resolve({ ok: true as const, timing: UNSEEN, outputs: {}, requestBytes: 1, responseBytes: 2 }),
      close: () => Promise.resolve(),
    });
    const about = "a socket file on the same machine";
    const pipe = {
      name: "pipe",
      api: "letters",
      protocol: "unix",
      input: "file",
      isDefault: true,
      about,
      create,
    } as const;
    const apis = [...APIS, { name: "letters", clients: [pipe] }];
    expect(apiNamed("letters", apis)?.clients).toEqual([pipe]);
    expect(apiNamed("letters")).toBeUndefined();
    expect(
      clientKind(
        "pipe",
        apis.flatMap((api) => api.clients),
      ),
    ).toBe(pipe);
    expect(protocolTitle("unix", [...PROTOCOLS, { key: "unix", title: "Unix socket" }])).toBe("Unix socket");
    expect(protocolTitle("unix")).toBe("unix");
  });

  it("works from one bundled file, as the agent is sent to other machines", async () => {
    const dir = await mkdtemp(join(tmpdir(), "lathe-bundle-"));
    try {
      const outfile = join(dir, "clients.mjs");
      const banner = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
      await build({
        entryPoints: [join(repoRoot, "clients", "registry.ts")],
        ...{ outfile, bundle: true, platform: "node", format: "esm", logLevel: "silent", banner: { js: banner } },
      });
      const bundled = (await import(pathToFileURL(outfile).href)) as { clientKinds: typeof clientKinds };
      for (const kind of bundled.clientKinds) {
        const client = kind.create("127.0.0.1", 1);
        await expect(client.open(2000)).rejects.toThrow("127.0.0.1:1: ");
        expect(await client.call({ model: "m", inputs: {}, timeoutMs: 500 })).toMatchObject({
          ok: false,
          error: { code: "UNAVAILABLE" },
        });
        await client.close();
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }, 60_000);
});
