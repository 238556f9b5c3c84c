import { expect, test } from "vitest";
import { UserError } from "../../lib/errors.ts";
import {
  differences,
  envOf,
  isStandIn,
  noteOf,
  noteText,
  notRunning,
  readInspected,
  type Inspected,
} from "./inspect.ts";
import { MOST_NOTE } from "../outputs.ts";
import type { GateSpec } from "./spec.ts";
import { misfit } from "./why-no-answer.ts";

const plan = {
  container: "server",
  imageId: "sha256:1",
  env: { OMP_NUM_THREADS: "4" },
  cpuSet: "0-3",
  memorySet: "",
  pidsLimit: 4096,
  user: "",
} as unknown as GateSpec;

const running = (changes: Partial<Inspected> = {}): Inspected => ({
  Image: "sha256:1",
  RestartCount: 0,
  State: { Status: "running", ExitCode: 0, OOMKilled: false, Error: "" },
  Config: { Env: ["PATH=/bin", "OMP_NUM_THREADS=4", "EQUALS=a=b"], Labels: null },
  HostConfig: { CpusetCpus: "0-3", CpusetMems: "", PidsLimit: 4096 },
  ...changes,
});

test("a container that is as planned has no differences, whatever else its image sets", () => {
  expect(differences(running(), plan)).toEqual([]);
  expect(envOf(running())["EQUALS"]).toBe("a=b");
});

test("every difference from the plan is named, with what was planned", () => {
  const found = running({
    Image: "sha256:2",
    Config: { Env: null, Labels: null },
    HostConfig: { CpusetCpus: "", CpusetMems: "", PidsLimit: null },
  });
  expect(differences(found, plan).map((f) => [f.what, f.expected])).toEqual([
    ["container server: variable OMP_NUM_THREADS is not set", '"4"'],
    ['container server: image is "sha256:2"', '"sha256:1"'],
    ['container server: cpuset is ""', '"0-3"'],
    ['container server: process limit is "none"', '"4096"'],
  ]);
});

test("a server that ended, ran out of memory or keeps dying does not run", () => {
  const state = { Status: "exited", ExitCode: 137, OOMKilled: false, Error: "" };
  expect(notRunning(running(), 0)).toBeUndefined();
  expect(notRunning(running({ State: state }), 0)).toContain("exit code 137");
  expect(notRunning(running({ State: { ...state, OOMKilled: true } }), 0)).toContain("lathe:memoryMiB");
  expect(notRunning(running({ RestartCount: 3 }), 0)).toContain("restarted 3 times");
});

test("a server that died before Lathe looked, and runs again, runs: only deaths since then count, or one that still goes on", () => {
  expect(notRunning(running({ RestartCount: 5 }), 5)).toBeUndefined();
  expect(notRunning(running({ RestartCount: 6 }), 5)).toBeUndefined();
  expect(notRunning(running({ RestartCount: 7 }), 5)).toContain("restarted 7 times");
  const state = { Status: "restarting", ExitCode: 1, OOMKilled: false, Error: "" };
  expect(notRunning(running({ RestartCount: 5, State: state }), 5)).toContain("exit code 1");
  expect(notRunning(running({ RestartCount: 1, State: state }), 0)).toBeUndefined();
  // Started by hand since: Docker counts from nought again.
  expect(notRunning(running({ RestartCount: 1 }), 5)).toBeUndefined();
  expect(notRunning(running({ RestartCount: 2 }), 5)).toContain("restarted 2 times");
});

test("only the image's own label makes a stand-in", () => {
  const labels = (Labels: Record<string, string>) => running({ Config: { Env: [], Labels } });
  expect(isStandIn(labels({ "org.lathe.stand-in": "the-real-one" }))).toBe(true);
  expect(isStandIn(labels({ "org.lathe.role": "edge" }))).toBe(false);
});

test("an image's note is read as one line that can be shown, of a bounded length; an empty one is none", () => {
  const note = (text: string) => noteOf(running({ Config: { Env: [], Labels: { "org.lathe.note": text } } }));
  expect(note("Its native backends are not used.")).toBe("Its native backends are not used.");
  expect(note(" two\n lines\u001b[31m ")).toBe("two lines\ufffd[31m");
  expect(note("x".repeat(1_000_000))).toBe(`${"x".repeat(MOST_NOTE - 1)}…`);
  expect(note(" \n ")).toBeUndefined();
  expect(noteOf(running({ Config: { Env: [], Labels: null } }))).toBeUndefined();
});

test("notes on a server are one line, the first in front, of the same length at most", () => {
  expect(noteText("No effect here.", "Native backends are not used.")).toBe(
    "No effect here. Native backends are not used.",
  );
  expect([noteText(undefined, "One."), noteText("Two.", undefined)]).toEqual(["One.", "Two."]);
  expect([noteText(), noteText(undefined, " ")]).toEqual([undefined, undefined]);
  const long = noteText("Ours.", "x".repeat(1_000_000));
  expect([long?.length, long?.startsWith("Ours. xx")]).toEqual([MOST_NOTE, true]);
});

test("without a controller for them, a container's processes have no limit and that is as planned", () => {
  const found = running({ HostConfig: { CpusetCpus: "0-3", CpusetMems: "", PidsLimit: null } });
  expect(differences(found, { ...plan, pidsLimit: null })).toEqual([]);
  expect(differences(found, plan)).toHaveLength(1);
});

test.each([
  ["nothing", ""],
  ["no list", '{"a":1}'],
  ["an empty list", "[]"],
  ["half a list", "[{"],
  ["no container", "[null]"],
])("what is not a container's description is refused in words: %s", (_what, printed) => {
  expect(() => readInspected(printed)).toThrow(UserError);
  expect(() => readInspected(printed)).toThrow("docker container inspect");
});

test("a server that died of an image which does not fit its machine is told so", () => {
  expect(misfit("exec /usr/bin/serve.sh: exec format error")).toContain("built for another processor");
  expect(misfit("container server does not run: it was restarted 3 times (exit code 132)")).toContain("AVX");
  expect(misfit("Illegal instruction (core dumped)")).toContain("AVX");
  expect(misfit("it was restarted 3 times (exit code 1)")).toBeUndefined();
});
