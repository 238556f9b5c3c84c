import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TUNE_LABEL } from "../../infra/hosts/labels.ts";
import { type StackRef, up } from "../../infra/pulumi/testing/stack.ts";
import { startLathe } from "./lathe.ts";
import { begin } from "../../tune/race/race.ts";
import { runRace } from "../../tune/run.ts";
import { keepTuning, readTuning } from "../../tune/state.ts";
import { type Bed, makeBed } from "../engine/harness.ts";
import { on } from "./tools.ts";

const HOST = "edge";
/** Without npm's own: `npm exec` sets `--yes` there, which a verb that has the option refuses. */
const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));
/** How long a busy machine may take until a host has thawed what it froze. */
const SOON = { timeout: 60_000, interval: 500 };

describe("a tuning of a server on a host of the lab", { timeout: 300_000 }, () => {
  let bed: Bed;
  let stack: StackRef;
  let tunes: string;

  beforeAll(async () => {
    bed = await makeBed();
    stack = await bed.stack("tuned", {
      ...{ "lathe:host": HOST, "lathe:models[0]": "null", "lathe:gateTimeoutSeconds": "600" },
    });
    await up(stack);
    tunes = join(bed.projectDir, "tunes");
  }, 900_000);
  afterAll(() => bed?.down(), 300_000);

  const tune = (...args: string[]) => {
    const where = ["--stack", stack.stack, "--project", bed.projectDir, "--tunes", tunes];
    return startLathe(["tune", ...where, ...args], { ...own, ...bed.env });
  };
  const variants = () => on(bed.lab, HOST, `docker ps -aq --filter label=${TUNE_LABEL}`);
  /** Variants, frozen containers, marks and folders that a tuning may have left; and whether the deployed server runs. */
  const left = async () => ({
    variants: await variants(),
    running: await on(bed.lab, HOST, "docker ps --filter status=running --format '{{.Names}}'"),
    files: await on(bed.lab, HOST, "find .lathe -name '.frozen-*' -o -name tune"),
  });
  const CLEAN = { variants: "", running: "tf-serving", files: "" };

  it("that is killed leaves a server that runs and nothing else, and the next tuning ends", async () => {
    const args = ["--for", "latency", "--only", "threads=1,2", "--budget", "15s"];
    const killed = tune(...args);
    const began = expect.poll(variants, { ...SOON, timeout: 120_000 }).not.toBe("");
    // Where it ends by itself, its own words are the failure.
    await Promise.race([began, killed.ended.then(({ said }) => expect.unreachable(said))]);
    killed.child.kill("SIGKILL");
    await killed.ended;
    await expect.poll(left, SOON).toEqual(CLEAN);
    const { code, said } = await tune(...args).ended;
    expect([0, 3], said).toContain(code);
    expect(await left()).toEqual(CLEAN);
  });

  it("writes the winner into the config file; `up` applies it, and --undo takes it back", async () => {
    const dir = join(tunes, (await readdir(tunes)).sort().at(-1) ?? "");
    const tuning = await readTuning(dir);
    // What such a short race finds is chance: one whose winner is certain takes its place.
    const { arms, objective } = tuning.race;
    const other = arms.find(({ isRule }) => !isRule)?.id;
    const visit = (arm: string) => {
      const latenciesMs = Array.from({ length: 20 }, () => (arm === other ? 5 : 10));
      return Promise.resolve({ arm, latenciesMs, answeredPerSecond: 100, failures: 0, seconds: 1 });
    };
    const nothing = () => Promise.resolve();
    const tools = { visit, restart: nothing, keep: nothing, note: () => {}, knobs: false };
    const race = await runRace(begin(arms, objective, 1, { seconds: 1000 }), tools);
    await keepTuning(dir, { ...tuning, race });
    const shown = await tune("--resume").ended;
    expect(shown).toMatchObject({ code: 0, said: expect.stringContaining("Not written") as string });
    const written = await tune("--resume", "--yes").ended;
    expect(written.code, written.said).toBe(0);
    const tuned = (await up(stack)).servers[0];
    expect(tuned?.tuned).toMatchObject({ stale: [] });
    expect(Object.values(tuned?.tuned?.found.settings ?? {})).not.toEqual([]);
    expect((await tune("--undo").ended).code).toBe(0);
    expect((await up(stack)).servers[0]?.tuned).toBeUndefined();
  });
});
