import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { serverKindNames } from "../infra/servers/registry.ts";
import { wantedServers } from "./servers.ts";
import { byHand, staysUp } from "./stacks.ts";
import { markUnfinished, readUnfinished, unfinishedMark } from "./unfinished.ts";

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), "lathe-demo-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("a demo that was killed leaves a mark that says what is its own", async () => {
  expect(await readUnfinished(dir)).toBeUndefined();
  await markUnfinished(dir, { ownLab: true, before: ["edge"] });
  expect(await readUnfinished(dir)).toEqual({ ownLab: true, before: ["edge"] });
  for (const text of ["", "{}", '{"ownLab":"yes","before":[]}']) {
    writeFileSync(unfinishedMark(dir), text);
    expect(await readUnfinished(dir), "who cannot tell takes nothing down").toBeUndefined();
  }
});

it("stacks that were up before a demo stay up; what a demo that did not finish has left does not", async () => {
  const deployed = vi.fn(() => Promise.resolve(["cloud", "edge"]));
  expect(await staysUp(true, undefined, deployed)).toEqual(["cloud", "edge"]);
  expect(await staysUp(true, { before: ["edge"] }, deployed)).toEqual(["edge"]);
  expect(deployed).toHaveBeenCalledTimes(1);
  // In a lab that it has just made, nothing was up.
  expect(await staysUp(false, undefined, deployed)).toEqual([]);
  expect(await staysUp(false, { before: ["edge"] }, deployed)).toEqual([]);
});

it("what is typed after `demo --keep` means the demo's lab, whatever its name", () => {
  const stacks = { env: { PULUMI_BACKEND_URL: "file:///lab" }, projectDir: "/lab/project" };
  expect(byHand(stacks, "lathe").split("\n")[1]).toBe("npx lathe plan");
  expect(byHand(stacks, "lathe")).toContain("npx lathe up --project /lab/project\n");
  expect(byHand(stacks, "mine").split("\n").slice(0, 2)).toEqual([
    "export PULUMI_BACKEND_URL=file:///lab",
    "export LATHE_LAB=mine",
  ]);
});

it("puts up a server of each kind that is asked for, and the first web framework twice: with each parser of JSON", () => {
  const twice = { name: "simdjson", settings: { parser: "simdjson" } };
  const all = wantedServers(["all"]);
  expect(all.filter(({ settings }) => settings === undefined).map(({ kind }) => kind)).toEqual(serverKindNames);
  expect(all.filter(({ settings }) => settings !== undefined)).toEqual([{ ...twice, kind: "flask" }]);
  expect(wantedServers(["fastapi", "triton", "django"])).toEqual([
    { name: "triton", kind: "triton" },
    { name: "django", kind: "django" },
    { ...twice, kind: "django" },
    { name: "fastapi", kind: "fastapi" },
  ]);
  expect(wantedServers(["triton"])).toEqual([{ name: "triton", kind: "triton" }]);
});
