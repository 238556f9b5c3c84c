import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openTalk, type Talk } from "../../bench/targets/talk.ts";
import type { Server } from "../../infra/outputs.ts";
import { openKeeper } from "./keeper.ts";

/* A shell script stands in for `docker`: each container's state is a file. What is tried is the program on the machine. */

const DOCKER = `#!/bin/sh
cd "$STATES"
echo "$@" >> log
case "$1 $2" in
  "container inspect") for last; do :; done; cat "$last" 2>/dev/null || exit 1 ;;
  "ps -aq") ls | grep -e -tune- || true ;;
  "rm -f") shift 3; rm -f "$@" ;;
  pause*) echo paused > "$2" ;;
  unpause*) echo running > "$2" ;;
esac
`;

let dir: string;
const server = () => ({ id: "edge", machineId: "edge", container: "c", workspace: dir }) as unknown as Server;
const state = (name: string) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), "utf8").trim() : "gone");
const set = (name: string, value: string) => writeFileSync(join(dir, name), `${value}\n`);
const owner = { id: "i", owner: "lathe/edge", server: "s" };
let talk: Talk | undefined;
const open = (say: (text: string) => void = () => {}) =>
  openKeeper({ ssh: null }, server(), [server()], owner, say, (...args) => (talk = openTalk(...args)));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-keeper-"));
  writeFileSync(join(dir, "docker"), DOCKER);
  chmodSync(join(dir, "docker"), 0o755);
  vi.stubEnv("PATH", `${dir}${delimiter}${process.env["PATH"] ?? ""}`);
  vi.stubEnv("STATES", dir);
  set("c", "running");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

test("the deployed container stands still, one variant runs at a time, and at the end all is as before", async () => {
  const keeper = await open();
  expect([state("c"), existsSync(join(dir, ".frozen-c"))]).toEqual(["paused", true]);
  set("c-tune-0", "running");
  await keeper.turn(["c-tune-0"]);
  await keeper.turn([]);
  expect(state("c-tune-0")).toBe("paused");
  set("c-tune-1", "running");
  await keeper.turn(["c-tune-1"]);
  await keeper.turn(["c-tune-0"]);
  expect([state("c-tune-0"), state("c-tune-1")]).toEqual(["running", "paused"]);
  await keeper.remove(["c-tune-1"]);
  expect(state("c-tune-1")).toBe("gone");
  await keeper.close();
  expect([state("c"), state("c-tune-0")]).toEqual(["running", "gone"]);
  expect([existsSync(join(dir, ".frozen-c")), existsSync(join(dir, "tune"))]).toEqual([false, false]);
});

test("replicas of a variant run and stand still together, as those of the deployed server do, and go together", async () => {
  set("c-2", "running");
  const replica = { container: "c-2", workspace: join(dir, "2") };
  mkdirSync(replica.workspace);
  const replicated = { ...server(), replicas: [replica] } as unknown as Server;
  const keeper = await openKeeper({ ssh: null }, replicated, [replicated], owner, () => {});
  expect([state("c"), state("c-2")]).toEqual(["paused", "paused"]);
  const pair = ["c-tune-0", "c-tune-0-2"];
  for (const name of [...pair, "c-tune-1"]) set(name, "running");
  await keeper.turn(pair);
  await keeper.turn(["c-tune-1"]);
  expect(pair.map(state)).toEqual(["paused", "paused"]);
  await keeper.turn(pair);
  expect([...pair, "c-tune-1"].map(state)).toEqual(["running", "running", "paused"]);
  await keeper.remove(pair);
  expect(pair.map(state)).toEqual(["gone", "gone"]);
  await keeper.close();
  expect([state("c"), state("c-2"), state("c-tune-1")]).toEqual(["running", "running", "gone"]);
});

test("a tuning that ends without a word is taken down by its machine, with a container that came too late", async () => {
  await open();
  set("c-tune-0", "paused");
  // As when the process is killed: its standard input ends.
  const closed = talk?.close();
  await expect.poll(() => state("c"), { timeout: 20_000 }).toBe("running");
  set("c-tune-9", "running");
  await closed;
  expect([state("c-tune-0"), state("c-tune-9")]).toEqual(["gone", "gone"]);
});

test("what an earlier one has left is removed, and a server that it left frozen is thawed and said", async () => {
  set("c", "paused");
  set(".frozen-c", "999999999 nowhere");
  set("c-tune-3", "running");
  const said: string[] = [];
  const keeper = await open((text) => said.push(text));
  expect(state("c-tune-3")).toBe("gone");
  expect(said.join()).toContain("left servers frozen");
  await keeper.close();
  expect(state("c")).toBe("running");
});

test("a container that a person has paused stays so", async () => {
  set("c", "paused");
  const keeper = await open();
  await keeper.close();
  expect(state("c")).toBe("paused");
});
