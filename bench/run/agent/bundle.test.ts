import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
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
        ...["probe", "grpc-js", "rest", "rest-b64"].map((clientKind, visit) => ({
          type: "visit",
          visit,
          clientKind,
          address: "127.0.0.1",
          port: 1,
          model: "ssd",
          image: "image-1",
          warmup: 0,
          warmupAtMost: 0,
          concurrency: 1,
          ratePerSecond: null,
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
});
