import fc from "fast-check";
import { expect, test } from "vitest";
import { formatCpuList, parseCpuList } from "./cpulist.ts";

test("ranges, single CPUs and an empty list are read", () => {
  expect(parseCpuList("0-3,8,10-11\n")).toEqual([0, 1, 2, 3, 8, 10, 11]);
  expect(parseCpuList("")).toEqual([]);
});

test("a mask that names more CPUs than Linux can have ends at the highest there can be", () => {
  expect(parseCpuList("0-4294967295")).toHaveLength(8192);
  expect(parseCpuList("3,9000000000-9999999999")).toEqual([3]);
});

test("what is not a CPU list is refused", () => {
  for (const text of ["a", "3-1", "1,,2", "-1"]) expect(() => parseCpuList(text)).toThrow("not a CPU list");
});

test("a list is written in its shortest form, and reads back as the same CPUs", () => {
  expect(formatCpuList([5, 0, 1, 2, 8])).toBe("0-2,5,8");
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300)), (cpus) => {
      expect(parseCpuList(formatCpuList(cpus))).toEqual([...cpus].sort((a, b) => a - b));
    }),
  );
});
