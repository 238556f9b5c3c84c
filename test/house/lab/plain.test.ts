import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type * as Engine from "../../../infra/pulumi/testing/stack.ts";
import { hostOf, kindImage, pushImage, readLab, type ImageSource, type Lab } from "../../../lab/index.ts";
import { progress } from "../../../lib/progress.ts";
import { TEST_LAB } from "../../lab/setup.ts";
import { LEFT } from "../../engine/harness.ts";
import { on } from "../../lab/tools.ts";
import { Checkout } from "../checkout.ts";
import { NOTE, plainImage } from "../plain/image.ts";

/*
 * A second server kind, as somebody would add it: a folder and a line in infra, a folder and a line in clients, in a copy of the
 * checkout where nothing else is changed. It is put up on a real host, tried, measured beside a server of another kind, and
 * taken down.
 */

const PLAIN = "edge";
const OTHER = "cloud";
const CALLS = 4;

describe("a server kind that was added to a copy of the checkout", () => {
  let checkout: Checkout;
  let lab: Lab;
  let dir: string;
  let env: Readonly<Record<string, string>>;
  let plain: Engine.StackRef;
  let other: Engine.StackRef;
  /** The copy's own way to the engine: its programs are the copy's. */
  let engine: typeof Engine;

  beforeAll(async () => {
    lab = await readLab(TEST_LAB);
    checkout = await Checkout.copy();
    await checkout.put("test/house/plain/kind.ts", "infra/servers/plain/kind.ts");
    await checkout.register("infra/servers/registry.ts", "KINDS", "plainServer", "./plain/kind.ts");
    for (const file of ["client.ts", "api.ts"]) await checkout.put(`test/house/plain/${file}`, `clients/plain/${file}`);
    await checkout.register("clients/registry.ts", "APIS", "plainApi", "./plain/api.ts");

    const steps = progress();
    const images = [await plainImage(steps), await kindImage("tf-serving", steps)];
    const [image, otherImage] = [await push(images[0]), await push(images[1])];
    dir = await mkdtemp(join(tmpdir(), "lathe-plain-"));
    env = { PULUMI_BACKEND_URL: `file://${dir}`, PULUMI_CONFIG_PASSPHRASE: "test" };
    engine = (await import(
      /* @vite-ignore */ pathToFileURL(join(checkout.dir, "infra/pulumi/testing/stack.ts")).href
    )) as typeof Engine;
    const projectDir = await engine.projectFolder(join(dir, "project"));
    const common = { "lathe:sshConfig": lab.sshConfig, "lathe:models": "null" };
    plain = { stack: PLAIN, projectDir, env };
    await engine.initStack(plain, {
      ...common,
      ...{ "lathe:host": PLAIN, "lathe:server": "plain", "lathe:image": image },
      ...{ "lathe:settings.workers": "3", "lathe:settings.delayMs": "20" },
    });
    other = { stack: OTHER, projectDir, env };
    await engine.initStack(other, { ...common, "lathe:host": OTHER, "lathe:image": otherImage });
  }, 900_000);

  afterAll(async () => {
    for (const ref of [plain, other]) if (ref !== undefined) await engine.destroy(ref).catch(() => {});
    await checkout?.remove();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  }, 300_000);

  const push = async (source: ImageSource | undefined) => {
    if (source === undefined) throw new Error("no image");
    return (await pushImage(lab, source, progress())).reference;
  };
  const status = async () => {
    const { address } = hostOf(lab, PLAIN);
    return (await fetch(`http://${address}:8080/models/null`)).json();
  };

  it("compiles with nothing else changed", async () => {
    const { exitCode, stdout } = await checkout.run(["tsc", "--noEmit"]);
    expect([exitCode, stdout]).toEqual([0, ""]);
  });

  it("is put up, and its gate passes", async () => {
    const { machine, servers } = await engine.up(plain);
    expect(machine.id).toBe(PLAIN);
    expect(servers).toHaveLength(1);
    expect(servers[0]).toMatchObject({
      ...{
        id: PLAIN,
        machineId: PLAIN,
        kind: "plain",
        container: "plain",
        standIn: false,
        note: NOTE,
        build: "python",
      },
      settings: { PLAIN_WORKERS: "3", PLAIN_DELAY_MS: "20" },
      endpoints: [{ api: "plain", protocol: "rest", port: 8080, security: "none" }],
      models: [{ name: "null", version: 1, isNull: true }],
    });
    expect(servers[0]?.metrics).toBeUndefined();
    const size = await on(lab, PLAIN, `docker image inspect --format '{{.Size}}' ${servers[0]?.image ?? ""}`);
    expect(servers[0]?.imageBytes).toBe(Number(size));
    expect(await status()).toEqual({ version: 1 });
    const again = await engine.tryUp(plain);
    expect([again.code, Object.keys(again.changes)]).toEqual([0, ["same"]]);
  });

  it("has a gate that stays closed for a broken model, with the server's reason, and opens when it is mended", async () => {
    const broken = join(dir, "broken");
    await mkdir(broken);
    await writeFile(join(broken, "saved_model.pb"), "");
    await engine.setConfig(plain, { "lathe:models": JSON.stringify([{ name: "null", version: 2, from: broken }]) });
    const { code, output } = await engine.tryUp(plain);
    expect(code).not.toBe(0);
    expect(output).toMatch(/gate: model null cannot be served: .*saved_model\.pb is empty/);
    await engine.setConfig(plain, { "lathe:models": JSON.stringify([{ name: "null", version: 3, from: "null" }]) });
    const [server] = (await engine.up(plain)).servers;
    expect(server?.models[0]).toMatchObject({ name: "null", version: 3 });
    expect(await status()).toEqual({ version: 3 });
  });

  it("refuses settings of another kind, before anything is done", async () => {
    await engine.setConfig(plain, { "lathe:settings.omp": "3" });
    const { code, output } = await engine.tryUp(plain);
    expect([code !== 0, output]).toEqual([true, expect.stringContaining("lathe:settings.omp")]);
    const args = ["config", "rm", "--path", "lathe:settings.omp", "--stack", plain.stack];
    expect((await engine.pulumi(plain, args)).code).toBe(0);
  });

  it("is measured and reported beside a server of another kind", async () => {
    await engine.up(plain);
    await engine.up(other);
    const kept = join(dir, "runs");
    const measured = await checkout.npmRun(
      "bench",
      [
        ...[
          "--stack",
          `${PLAIN},${OTHER}`,
          "--placement",
          "local",
          "--models",
          "null",
          "--images",
          "7",
          "--runs",
          kept,
        ],
        ...["--requests", `${CALLS}`, "--precision", "none", "--json"],
      ],
      env,
    );
    expect(measured.exitCode, measured.stderr).toBe(0);
    const [run = ""] = await readdir(kept);
    const file = (name: string) => readFile(join(kept, run, name), "utf8");
    const [head = "", ...rows] = (await file("report.csv")).trimEnd().split("\n");
    const columns = head.split(",");
    const cells = rows.map((row) => ["server", "client"].map((key) => row.split(",")[columns.indexOf(key)]));
    expect(cells.toSorted()).toEqual([
      [OTHER, "probe"],
      [OTHER, "rest"],
      [PLAIN, "plain-http"],
    ]);
    const calls = (await file("records.jsonl"))
      .split("\n")
      .filter((line) => line.includes('"phase":"measure"'))
      .map((line) => JSON.parse(line) as { ok: boolean; cell: string; totalMs: number });
    expect(calls).toHaveLength(3 * CALLS);
    for (const call of calls) {
      expect(call.ok, call.cell).toBe(true);
      // As its setting says; and what the client sees is what the server takes.
      if (call.cell.includes("plain-http")) expect(call.totalMs).toBeGreaterThan(20);
    }
    // Markdown escapes underscores.
    for (const text of [await file("report.html"), await file("report.md")])
      expect(text).toContain(NOTE.replace(/\.$/, ""));
    for (const text of [await file("report.html"), (await file("report.md")).replaceAll("\\_", "_")])
      for (const words of ["plain-http", "PLAIN_WORKERS", PLAIN, OTHER]) expect(text).toContain(words);
  });

  it("is taken down, and leaves nothing", async () => {
    for (const ref of [plain, other]) {
      await engine.destroy(ref);
      expect(await on(lab, ref.stack, LEFT)).toBe("");
    }
  });
});
