import { describe, expect, it } from "vitest";
import { front, frontFigure, raceFigure } from "./drawings.ts";
import type { ArmStatus } from "./types.ts";

const status = (
  id: string,
  medianMs: number | null,
  rate: number | null,
  more: Partial<ArmStatus> = {},
): ArmStatus => ({
  arm: { id, settings: { threads: 1 }, isRule: id === "rule" },
  state: "left",
  gain: id === "rule" ? null : { ratio: (rate ?? 0) / 10, interval: { low: 0.9, high: 2 } },
  ...{ blocks: rate === null ? 0 : 2, medianMs, answeredPerSecond: rate },
  ...more,
});

const arms = [
  status("rule", 10, 10),
  status("slow", 20, 9, { state: "dropped", out: { afterBlock: 3, why: "surely worse" } }),
  status("fast", 12, 17, { state: "winner" }),
  status("most", 80, 19),
  status("untried", null, null, { state: "untried", gain: null }),
];

describe("drawings of a race", () => {
  it("the front has the arms that no other beats in both, and no other", () => {
    expect(front(arms).map((s) => s.arm.id)).toEqual(["rule", "fast", "most"]);
    expect(front([status("a", 5, 5), status("rule", 5, 5)])).toHaveLength(1);
    expect(front([])).toEqual([]);
  });

  it("the race says of each arm what it gains and when it was dropped, and its table has all arms", () => {
    const { panels, data, legend } = raceFigure(arms);
    expect(panels[0]?.picture.text).toContain("dropped, block 3");
    expect(data?.rows.map((row) => row[0])).toEqual(["most", "fast", "rule", "slow", "untried"]);
    expect(legend?.map((l) => l.label)).toEqual(["rule", "winner", "not dropped", "dropped"]);
  });

  it("a hostile name of an arm is text in the picture", () => {
    const { panels } = raceFigure([...arms, status("<script>alert(1)</script>", 9, 11)]);
    expect(panels[0]?.picture.text).not.toContain("<script");
    expect(frontFigure(arms).panels[0]?.picture.text).toContain("winner");
  });

  it("a race that measured nothing has pictures, too", () => {
    const none = [status("rule", null, null)];
    expect(raceFigure(none).data?.rows).toHaveLength(1);
    expect(frontFigure(none).panels).toHaveLength(1);
  });
});
