import { expect, test } from "vitest";
import { begin } from "./race/race.ts";
import { outcome, statuses } from "./race/outcome.ts";
import type { Block, RaceState } from "./race/types.ts";
import { progressText, runRace } from "./run.ts";
import { tuneText, verdictText } from "./report.ts";

const arms = [1, 2, 3].map((threads) => ({ id: `threads=${threads}`, settings: { threads }, isRule: threads === 1 }));
const MS: Readonly<Record<string, number>> = { "threads=1": 10, "threads=2": 5, "threads=3": 20 };

/** A world in which two threads are twice as fast, with a little noise that does not repeat. */
function world(state: RaceState, more: { dies?: string; endAfter?: number; knobs?: boolean } = {}) {
  const kept: RaceState[] = [];
  const visited: string[] = [];
  const restarted: string[] = [];
  const tools = {
    visit(arm: string): Promise<Block> {
      if (visited.length === more.endAfter) return Promise.reject(new Error("killed"));
      visited.push(arm);
      const ms = (MS[arm] ?? 10) * (1 + 0.01 * Math.sin(7 * visited.length));
      const dead = arm === more.dies ? { killed: "out of memory" } : {};
      const latenciesMs = arm === more.dies ? [] : Array.from({ length: 20 }, () => ms);
      return Promise.resolve({ arm, latenciesMs, answeredPerSecond: 1000 / ms, failures: 0, seconds: 1, ...dead });
    },
    restart: (arm: string) => Promise.resolve(void restarted.push(`${arm} after ${visited.length} visits`)),
    keep: (now: RaceState) => Promise.resolve(void kept.push(now)),
    note: () => {},
    knobs: more.knobs ?? false,
  };
  return { kept, visited, restarted, ended: runRace(state, tools) };
}
const fresh = (seconds = 1000) => begin(arms, { kind: "latency" }, 1, { seconds });

test("a race ends as soon as a winner is confirmed, and later where knobs are asked for", async () => {
  const { visited, ended, kept } = world(fresh());
  const state = await ended;
  expect(outcome(state)).toMatchObject({ kind: "winner", arm: "threads=2" });
  expect(kept).toHaveLength(visited.length);
  expect(kept.at(-1)).toEqual(state);
  const knobs = world(fresh(), { knobs: true });
  expect((await knobs.ended).blocks.length).toBeGreaterThanOrEqual(state.blocks.length);
});

test("the server of a confirmed winner is started anew once and measured again, and what that changed is told", async () => {
  const { visited, restarted, ended } = world(fresh());
  const state = await ended;
  const before = state.blocks.filter((b) => b.purpose !== "restart").flatMap((b) => b.visits).length;
  expect(restarted).toEqual([`threads=2 after ${before} visits`]);
  expect(new Set(visited.slice(before))).toEqual(new Set(["threads=1", "threads=2"]));
  const found = outcome(state);
  expect(found).toMatchObject({ kind: "winner", restarted: { ratio: expect.closeTo(1, 1) as number } });
  expect(verdictText(found)).toMatch(/After a restart of its server it is (1\.0|0\.9)\d* times as good as before \(/);
});

test("a winner whose server does not start again is out, and the race goes on", async () => {
  const first = await world(fresh()).ended;
  const confirmed = first.blocks.slice(
    0,
    first.blocks.findIndex((b) => b.purpose === "restart"),
  );
  const state = await world({ ...first, blocks: confirmed }, { dies: "threads=2" }).ended;
  expect(outcome(state).kind).not.toBe("winner");
  expect(statuses(state).find(({ arm }) => arm.id === "threads=2")?.state).toBe("killed");
});

test("a race that was killed goes on from what was kept, and comes to the same answer", async () => {
  const first = world(fresh(), { endAfter: 8 });
  await expect(first.ended).rejects.toThrow("killed");
  const saved = JSON.parse(JSON.stringify(first.kept.at(-1))) as RaceState;
  const state = await world(saved).ended;
  expect(outcome(state)).toMatchObject({ kind: "winner", arm: "threads=2" });
  expect(state.blocks[0]).toEqual(saved.blocks[0]);
});

test("a budget that ends first is inconclusive, and a race that is over makes no visit", async () => {
  const state = await world(fresh(7)).ended;
  expect(outcome(state)).toMatchObject({ kind: "inconclusive" });
  const again = world(state);
  await again.ended;
  expect(again.visited).toEqual([]);
});

test("an arm whose server is killed is out, and the race goes on", async () => {
  const state = await world(fresh(), { dies: "threads=3" }).ended;
  expect(outcome(state)).toMatchObject({ kind: "winner", arm: "threads=2" });
  expect(progressText(state, "confirm")).toMatch(
    /^confirming the best, 1 of 2 settings left, best threads=2: (1\.9|2\.)/,
  );
});

test("a grid ends when it is complete, not when its answer is clear, and confirms nothing; killed, it goes on", async () => {
  const grid = () => begin(arms, { kind: "latency" }, 1, { seconds: 1000 }, 8);
  const first = world(grid(), { endAfter: 8 });
  await expect(first.ended).rejects.toThrow("killed");
  expect(progressText(first.kept.at(-1) as RaceState, "block")).toBe("8 of 24 visits, about 16 s left");
  const { ended, restarted } = world(JSON.parse(JSON.stringify(first.kept.at(-1))) as RaceState);
  const state = await ended;
  expect(new Set(state.blocks.map((b) => b.purpose))).toEqual(new Set(["grid"]));
  for (const { id } of arms) expect(statuses(state).find((s) => s.arm.id === id)?.blocks).toBe(8);
  expect(restarted).toEqual([]);
  const found = outcome(state);
  expect(found).toMatchObject({ kind: "winner", arm: "threads=2", bestOf: 2 });
  expect(verdictText(found)).toMatch(/^threads=2 wins: .*, the best of 2 settings, for which its interval allows\.$/);
  expect(verdictText(found)).not.toContain("fresh");
});

test("a setting that kills its server costs a grid one visit, and its progress says so", async () => {
  const { kept, ended } = world(begin(arms, { kind: "latency" }, 1, { seconds: 1000 }, 8), { dies: "threads=3" });
  const state = await ended;
  expect(outcome(state)).toMatchObject({ kind: "winner", arm: "threads=2" });
  expect(progressText(kept.at(-1) as RaceState, "block")).toContain("1 server killed");
});

test("the result in a terminal has at most 20 lines, however many settings there are", async () => {
  const many = Array.from({ length: 60 }, (_, i) => ({
    id: `threads=${i + 1}`,
    settings: { threads: i + 1 },
    isRule: i === 0,
  }));
  const state = await world(begin(many, { kind: "latency" }, 1, { seconds: 200 }), { knobs: true }).ended;
  const about = { id: "x", stack: "edge", server: "edge", model: "ssd", calls: "one by one" };
  const lines = tuneText(about, state).split("\n");
  expect(lines.length).toBeLessThanOrEqual(20);
  expect(lines[0]).toContain("edge, ssd, for latency");
});
