import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { PLAIN_LOAD } from "../../loads/registry.ts";
import { bundleAgent } from "./bundle.ts";
import { FromWorker } from "./protocol.ts";

describe("the agent's bundle", () => {
  it("is the same for the same sources, runs from one file elsewhere, and ends when its input does", async () => {
    const [bundle, again] = [await bundleAgent(), await bundleAgent()];
    expect(again.key).toBe(bundle.key);
    const dir = mkdtempSync(join(tmpdir(), "lathe-agent-"));
    try {
      const file = join(dir, "agent.mjs");
      writeFileSync(file, bundle.script);
      const child = spawn(bundle.nodePath, [file], { cwd: dir, env: {}, stdio: ["pipe", "pipe", "inherit"] });
      const said: FromWorker[] = [];
      createInterface({ input: child.stdout }).on("line", (line) => said.push(FromWorker.parse(JSON.parse(line))));
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
      const messages = [
        { type: "image", name: "image-1", width: 1, height: 1, rgb: "AQID", file: "" },
        ...["probe", "grpc-js", "rest", "rest-b64"].map((client, visit) => ({
          type: "visit",
          visit,
          client,
          address: "127.0.0.1",
          port: 1,
          model: "ssd",
          image: "image-1",
          warmup: 0,
          warmupAtMost: 0,
          load: PLAIN_LOAD,
          leadIn: 0,
          calls: 1,
          blockMs: 1000,
          timeoutMs: 2000,
          keepAnswer: false,
        })),
      ];
      for (const message of messages) child.stdin.write(`${JSON.stringify(message)}\n`);
      await expect.poll(() => said.filter((m) => m.type === "visited").length, { timeout: 20_000 }).toBe(4);
      child.stdin.end();
      expect(await ended).toBe(0);
      expect(said[0]).toMatchObject({ type: "hello", node: process.version });
      for (const visited of said.filter((m) => m.type === "visited"))
        expect(visited).toMatchObject({
          error: { code: "UNAVAILABLE", message: expect.stringContaining("127.0.0.1:1") as string },
        });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }, 60_000);

  it("has nothing in it that only the bench needs: neither deployment nor plan nor statistics", async () => {
    const text = Buffer.from((await bundleAgent()).script).toString();
    const folders = [...text.matchAll(/^\/\/ ([\w-]+(?:\/[\w-]+)*)\/[^/\s]+\.(?:ts|json)$/gm)].map(
      (m) => m[1] as string,
    );
    // Random times are drawn where calls are made: of statistics that takes the streams of random numbers alone.
    expect([...text.matchAll(/^\/\/ (bench\/stats\/\S+)$/gm)].map((m) => m[1])).toEqual(["bench/stats/math/random.ts"]);
    const own = new Set(
      folders.filter((f) => !f.startsWith("node_modules")).map((f) => f.split("/").slice(0, 2).join("/")),
    );
    expect([...own].filter((f) => !f.startsWith("clients") && f !== "lib")).toEqual(
      expect.arrayContaining(["bench", "bench/loads", "bench/run", "protos"]),
    );
    expect([...own].filter((f) => /^(infra|stacks|models|bench\/(?!loads|run|stats))/.test(f))).toEqual([]);
  });
});
