import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { othersMemoryMiB, sumMiB } from "./others-memory.ts";

const MIB = 2 ** 20;

test("what servers of other stacks take is summed, without the files that the kernel may drop", () => {
  expect(sumMiB(`${300 * MIB} ${50 * MIB}\n${100 * MIB} \n`)).toBe(350);
  expect(sumMiB("")).toBe(0);
  // A group that was read between two moments.
  expect(sumMiB(`${MIB} ${2 * MIB}\n`)).toBe(0);
});

test("what is no such line counts nothing", () => {
  expect(sumMiB("cat: /sys/fs/cgroup/x: No such file\n-5 3\n1e9 0\nNaN NaN\n")).toBe(0);
});

/** A docker whose containers are lines of files: `own` of the stack itself, `all` of any; this process stands for each server. */
const DOCKER = `#!/bin/sh
cd "$(dirname "$0")"
case "$1 $2" in
  "ps -q") cat own ;;
  "ps --filter") cat all ;;
  "container inspect") echo "$5" >> asked; [ "$5" != gone ] && echo ${process.pid} ;;
  *) exit 1 ;;
esac
`;
const dir = mkdtempSync(join(tmpdir(), "lathe-others-"));
const path = process.env["PATH"];
const put = (files: Readonly<Record<string, string>>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
};
beforeAll(() => {
  put({ docker: DOCKER });
  chmodSync(join(dir, "docker"), 0o755);
  process.env["PATH"] = `${dir}:${path ?? ""}`;
});
afterAll(() => {
  process.env["PATH"] = path;
  rmSync(dir, { recursive: true });
});

test("before a stack has servers on a machine, each container of others there is looked at", async () => {
  put({ own: "", all: "aa\ngone\nbb\n" });
  // Where this process's control group has no counter, nothing is counted.
  expect(await othersMemoryMiB(null, "lathe/edge")).toBeGreaterThanOrEqual(0);
  expect(readFileSync(join(dir, "asked"), "utf8")).toBe("aa\ngone\nbb\n");
});

test("a stack whose servers run there is not judged again, and an engine that does not answer is no fault", async () => {
  rmSync(join(dir, "asked"));
  put({ own: "aa\n", all: "aa\nbb\n" });
  expect(await othersMemoryMiB(null, "lathe/edge")).toBe(0);
  expect(existsSync(join(dir, "asked"))).toBe(false);
  put({ docker: "#!/bin/sh\nexit 1\n" });
  expect(await othersMemoryMiB(null, "lathe/edge")).toBe(0);
});
