import { expect, test } from "vitest";
import { parseHTML } from "linkedom";
import { HOSTILE } from "../bench/testing/report.ts";
import { tunePage } from "./page.ts";
import { begin } from "./race/race.ts";
import type { RaceState } from "./race/types.ts";
import { play } from "./testing/play.ts";
import { armOf, plainArms, speeds } from "./testing/worlds.ts";

interface Parsed {
  querySelector(selector: string): { readonly textContent: string } | null;
  querySelectorAll(selector: string): { readonly textContent: string }[];
}

const about = { id: "1", stack: "edge", server: "edge", model: "ssd", calls: "client probe, load closed-loop" };
const pageOf = (state: RaceState, more: Partial<typeof about> = {}) =>
  (parseHTML(tunePage({ ...about, ...more }, state)) as { document: Parsed }).document;
const texts = (page: Parsed, selector: string) =>
  page.querySelectorAll(selector).map((e) => e.textContent.replace(/\s+/g, " ").trim());

/** Races among three arms; the last one is so many times as fast as the rule. */
const raced = (times: number, visits: number) =>
  play(
    speeds(plainArms(3), (arm) => (arm.endsWith("2") ? Math.log(times) : 0), 1),
    visits,
    1,
  );

test("a tuning's page has the winner and its gain in the title, and below it the rule's figures beside the winner's", () => {
  const page = pageOf(raced(1.5, 400));
  expect(page.querySelector("h1")?.textContent).toMatch(/^edge: variant v2 is 1\.[45]\d* times as good as the rule$/);
  expect(texts(page, "header tbody th")).toEqual(["rule", "winner"]);
  expect(texts(page, "header tbody td")).toHaveLength(10);
  expect(texts(page, "nav a")).toEqual(["All settings", "What each knob does", "How it was measured"]);
});

test("a tuning's page says it where the rule is as good, or where the budget ended first, and shows no empty table", () => {
  const asGood = pageOf(raced(1, 400));
  expect(asGood.querySelector("h1")?.textContent).toBe("edge: no setting beats the rule by 3 % for throughput");
  expect(texts(asGood, "header tbody th")).toEqual(["rule", "nearest"]);
  const short = pageOf(raced(1.5, 3));
  expect(short.querySelector("h1")?.textContent).toBe("edge: whether a setting beats the rule is inconclusive");
  expect(texts(short, "nav a")).not.toContain("What each knob does");
  const none = pageOf(begin(plainArms(3), { kind: "latency" }, 1, { seconds: 1 }));
  expect(texts(none, "nav a")).toEqual(["How it was measured"]);
  expect([short, none].flatMap((page) => page.querySelectorAll("tbody:empty"))).toEqual([]);
});

test("a grid's page says that it is one, and what its intervals allow for", () => {
  const fast = speeds(plainArms(3), (arm) => (arm.endsWith("2") ? Math.log(1.5) : 0), 1);
  const page = pageOf(play(fast, Infinity, 1, 20));
  expect(page.querySelector("h1")?.textContent).toMatch(/^edge: variant v2 is 1\.[45]\d* times as good as the rule$/);
  const [said] = texts(page, "main");
  expect(said).toContain("The grid");
  expect(said).toContain("A grid of 20 rounds: 20 blocks");
  expect(said).toContain("hold for all settings together");
  expect(said).not.toMatch(/fresh blocks|after every block/);
  expect(texts(page, "header p").join()).toContain("the best of 2 settings");
});

test("a tuning's page shows hostile names as text", () => {
  const arms = [armOf({ variant: "rule" }, true), armOf({ [HOSTILE]: HOSTILE }, false)];
  const state = play(
    speeds(arms, () => 0, 1),
    40,
    1,
  );
  const page = pageOf(state, { server: HOSTILE, model: HOSTILE, calls: HOSTILE });
  expect(page.querySelectorAll("img, script[src]")).toEqual([]);
  expect(page.querySelectorAll("script")).toHaveLength(1);
  expect(page.querySelector("h1")?.textContent).toContain("<script>");
});
