import { expect, test } from "vitest";
import { changes, type Seen } from "./copy.ts";

const look = (...all: (readonly [path: string, state: string, type?: string])[]): Map<string, Seen> =>
  new Map(
    all.map(([path, state, type = "f"]) => [path, { type, state, name: path.split("/").at(-1) ?? "", device: false }]),
  );

test("of a changed root is kept what is new or another, with its folders before it, and named what is gone, the uppermost alone", () => {
  const before = look(
    ["a", "1", "d"],
    ["a/same", "2"],
    ["a/other", "3"],
    ["b", "4", "d"],
    ["b/c", "5", "d"],
    ["b/c/f", "6"],
  );
  const after = look(
    ...([
      ["a", "9", "d"],
      ["a/same", "2"],
      ["a/other", "10"],
      ["b", "11", "d"],
    ] as const),
    ...([
      ["n", "12", "d"],
      ["n/empty", "13", "d"],
      ["a/link", "14", "l"],
    ] as const),
  );
  expect(changes(before, after)).toEqual({ kept: ["a", "a/link", "a/other", "n", "n/empty"], gone: ["b/c"] });
});

test("a folder in the place of a file, and a file in the place of a folder, are changes; what was below is gone with it", () => {
  const before = look(["f", "1"], ["d", "2", "d"], ["d/in", "3"]);
  const after = look(["f", "4", "d"], ["f/in", "5"], ["d", "6"]);
  expect(changes(before, after)).toEqual({ kept: ["d", "f", "f/in"], gone: [] });
  expect(changes(before, before)).toEqual({ kept: [], gone: [] });
});
