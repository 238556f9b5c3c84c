import { describe, expect, it } from "vitest";
import { noiseByAlike } from "./alike.ts";

describe("the noise of visits that are alike", () => {
  const cell = (alike: string[], ...logs: number[]) => ({ alike, logs });

  it("is pooled over cells, each around its own mean", () => {
    const noise = noiseByAlike([cell(["a", "m"], 1, 3), cell(["a", "m"], 11, 13), cell(["a", "m"], 5, 5, 5)]);
    // Sums of squares 2, 2 and 0 with 1, 1 and 2 degrees of freedom.
    expect(noise(["a", "m"])).toEqual({ name: "a", variance: 1, df: 4 });
  });

  it("is a broader group's where the narrow one was hardly measured twice, and never another model's", () => {
    const cells = [cell(["a", "m"], 7), cell(["b", "m"], 0, 2, 0, 2), cell(["x", "n"], 0, 100)];
    const noise = noiseByAlike(cells);
    expect(noise(["a", "m"])).toEqual({ name: "m", variance: 4 / 3, df: 3 });
    expect(noise(["x", "n"])).toMatchObject({ name: "n", df: 1 });
  });

  it("is not known where nothing alike was measured twice", () => {
    expect(noiseByAlike([cell(["a", "m"], 7), cell(["b", "m"], 8)])(["a", "m"])).toBeUndefined();
  });
});
