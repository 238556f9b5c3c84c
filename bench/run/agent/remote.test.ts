import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Machine } from "../../../infra/outputs.ts";
import { deployAgent } from "./remote.ts";

it("lays the agent into a folder of any name, whole, and nothing beside it", async () => {
  const root = await mkdtemp(join(tmpdir(), "lathe-remote-"));
  try {
    const nodePath = join(root, "node");
    await writeFile(nodePath, "a program");
    const workspace = join(root, `a b & c; $(touch x) 'd" \\`);
    const machine = { id: "edge", workspace, facts: { arch: "x86_64" } } as Machine;
    const bundle = { key: "0123456789abcdef0123", arch: "x64", nodePath, script: Buffer.from("a script") };
    const dir = await deployAgent(machine, null, bundle);
    expect(dir).toBe(join(workspace, "agents", "0123456789abcdef"));
    expect(await readFile(join(dir, "agent.mjs"), "utf8")).toBe("a script");
    expect(await readFile(join(dir, "node"), "utf8")).toBe("a program");
    expect(await readdir(join(workspace, "agents"))).toEqual(["0123456789abcdef"]);
    expect((await readdir(root)).toSorted()).toEqual(["node", workspace.slice(root.length + 1)].toSorted());
    // What lies there is not sent again: the program that would be sent is gone.
    await rm(nodePath);
    expect(await deployAgent(machine, null, bundle)).toBe(dir);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

it("starts no agent from a folder that others may write to, whatever lies there", async () => {
  const root = await mkdtemp(join(tmpdir(), "lathe-remote-"));
  try {
    const workspace = join(root, "workspace");
    const dir = join(workspace, "agents", "0123456789abcdef");
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, "agent.mjs"), "somebody else's");
    await chmod(workspace, 0o777);
    const machine = { id: "edge", workspace, facts: { arch: "x86_64" } } as Machine;
    const bundle = { key: "0123456789abcdef0123", arch: "x64", nodePath: "none", script: Buffer.from("a script") };
    await expect(deployAgent(machine, null, bundle)).rejects.toThrow("is not Lathe's alone: others may write to");
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
