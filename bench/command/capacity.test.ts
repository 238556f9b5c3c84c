import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StackOutputs } from "../../infra/outputs.ts";
import { latheProgram } from "../../lib/paths.ts";
import { IMAGES } from "../../models/testing/images.ts";
import type { RunManifest } from "../records/manifest.ts";
import type { JournalRecord } from "../records/records.ts";
import { sampleMachine, sampleModel, sampleServer } from "../testing/sample-run.ts";

const SERVICE_MS = 10;

/** The program itself, against a peer on loopback that answers one call after the other. */
describe("lathe capacity", { timeout: 180_000 }, () => {
  let dir: string;
  let peer: Server;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "lathe-capacity-"));
    let free = 0;
    peer = createServer((request, response) => {
      request.resume().on("end", () => {
        free = Math.max(performance.now(), free) + SERVICE_MS;
        setTimeout(() => response.end('{"predictions":[{"num_detections":1}]}'), free - performance.now());
      });
    });
    await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
    const server = sampleServer("edge", [sampleModel("null")]);
    const { port } = peer.address() as AddressInfo;
    const outputs: StackOutputs = {
      schema: "lathe.outputs/2",
      machine: { ...sampleMachine("edge"), ssh: null },
      servers: [{ ...server, endpoints: server.endpoints.map((endpoint) => ({ ...endpoint, port })) }],
    };
    writeFileSync(join(dir, "outputs.json"), JSON.stringify(outputs));
    mkdirSync(join(dir, "photographs"));
    writeFileSync(join(dir, "photographs", "1.png"), IMAGES.png);
  });
  afterEach(async () => {
    peer.closeAllConnections();
    await new Promise((resolve) => peer.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });

  function lathe(...args: string[]) {
    const places = ["--outputs", join(dir, "outputs.json"), "--runs", join(dir, "runs")];
    const child = spawn(process.execPath, [latheProgram, ...args, ...places], { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, said] = ["", ""];
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    child.stderr.on("data", (text: Buffer) => (said += text.toString()));
    const ended = new Promise<{ code: number | null; stdout: string; said: string }>((resolve) => {
      child.on("close", (code) => resolve({ code, stdout, said }));
    });
    return { child, ended };
  }

  const run = () => join(dir, "runs", readdirSync(join(dir, "runs"))[0] ?? "");
  const text = () => {
    try {
      return readFileSync(join(run(), "records.jsonl"), "utf8");
    } catch {
      return "";
    }
  };
  const whole = () => text().slice(0, text().lastIndexOf("\n") + 1);
  const records = () =>
    whole()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as JournalRecord);
  const visits = () => records().filter((r) => r.type === "visit");

  it("that was killed in a step goes on after its last whole one, and bench does not take its run", async () => {
    const asked = ["--slo", "median < 40 ms", "--precision", "30%", "--budget", "0.4", "--no-score"];
    const cells = ["--models", "null", "--client", "rest", "--images", "1", "--photographs", join(dir, "photographs")];
    const first = lathe("capacity", ...asked, ...cells);
    // In the second step, after the first.
    await expect.poll(() => visits().length > 0 && records().at(-1)?.type === "call", { timeout: 90_000 }).toBe(true);
    first.child.kill("SIGKILL");
    await first.ended;
    const before = { text: whole(), visits: visits() };

    const { code, stdout, said } = await lathe("capacity", "--resume", "--json").ended;
    expect([0, 3], said).toContain(code);
    expect(text().startsWith(before.text)).toBe(true);
    expect(visits().slice(0, before.visits.length)).toEqual(before.visits);
    const manifest = JSON.parse(readFileSync(join(run(), "run.json"), "utf8")) as RunManifest;
    expect(new Set(manifest.cells.map((c) => c.id)).size).toBe(manifest.cells.length);
    const { searches } = JSON.parse(stdout) as { searches: { steps: { connections: number; n: number }[] }[] };
    expect(searches).toHaveLength(1);
    // The step that was cut short was made again, the one before it was not.
    expect(searches[0]?.steps).toHaveLength(visits().length);
    expect(visits().filter((v) => v.cell === before.visits[0]?.cell)).toHaveLength(1);
    expect(visits().length).toBeGreaterThan(before.visits.length);

    const wrong = await lathe("bench", "--resume").ended;
    expect(wrong.code).toBe(1);
    expect(wrong.said).toMatch(/a run of npx lathe capacity\n.*npx lathe bench\n.*npx lathe capacity --resume /);
  });
});
