import { expect, test } from "vitest";
import { once, onceForList } from "./memo.ts";

test("what was worked out for an object is kept, also where it is undefined", () => {
  let made = 0;
  const size = once((list: readonly number[]) => (made++, list.length > 0 ? list.length : undefined));
  const [full, empty] = [[1, 2], []];
  expect([size(full), size(full), size(empty), size(empty), size([1, 2])]).toEqual([2, 2, undefined, undefined, 2]);
  expect(made).toBe(3);
});

test("lists of the same objects in the same order are one list; others, their beginnings among them, are not", () => {
  const [a, b] = [{ n: 1 }, { n: 2 }];
  const made: number[][] = [];
  const sum = onceForList((list: readonly { n: number }[]) => {
    made.push(list.map(({ n }) => n));
    return list.reduce((total, { n }) => total + n, 0);
  });
  const lists = [[a, b], [b, a], [a], [], [a, b], [a], [], [a, { n: 2 }], [a, b, a]];
  expect(lists.map(sum)).toEqual([3, 3, 1, 0, 3, 1, 0, 3, 4]);
  expect(made).toEqual([[1, 2], [2, 1], [1], [], [1, 2], [1, 2, 1]]);
});
