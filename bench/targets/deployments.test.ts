import { describe, expect, it } from "vitest";
import type { Machine, Server, StackOutputs } from "../../infra/outputs.ts";
import { sampleMachine, sampleModel, sampleServer } from "../testing/sample-run.ts";
import { outputsOfText, readDeployments } from "./deployments.ts";
import { mergeStacks } from "./deployments.ts";

/** A stack's outputs: a machine and the servers on it. */
function stack(name: string, machine: Machine, ...servers: Partial<Server>[]) {
  const made = servers.map((more) => ({
    ...sampleServer(machine.id, [sampleModel("null")]),
    access: { stack: name, expose: "address" as const, allowFrom: [] },
    ...more,
  }));
  return {
    from: `stack "${name}"`,
    outputs: { schema: "lathe.outputs/2", machine, servers: made } satisfies StackOutputs,
  };
}
const ids = (...sources: ReturnType<typeof stack>[]) => {
  const { machines, servers } = mergeStacks(sources);
  return [machines.map((m) => m.id), servers.map((s) => s.id)];
};
const [client, edge] = [sampleMachine("client"), sampleMachine("edge")];

describe("what several stacks have deployed", () => {
  it("is one machine where they have put servers on the same one, and each server by an id of its own", () => {
    expect(ids(stack("client", client, {}), stack("edge", edge, {}))).toEqual([
      ["client", "edge"],
      ["client", "edge"],
    ]);
    expect(ids(stack("a", edge, { kind: "x" }), stack("b", edge, { kind: "y" }))).toEqual([
      ["edge"],
      ["edge/x", "edge/y"],
    ]);
    expect(ids(stack("a", edge, {}), stack("b", edge, {}))).toEqual([["edge"], ["edge/a", "edge/b"]]);
    expect(ids(stack("a", edge, { kind: "x" }), stack("b", edge, { id: "edge/x" }, { id: "edge/z" }))).toEqual([
      ["edge"],
      ["edge/a", "edge/x", "edge/z"],
    ]);
  });

  it("keeps both ids of one machine that has two", () => {
    const both = { ...edge, id: "cloud" };
    expect(ids(stack("edge", edge, {}), stack("cloud", both, { id: "cloud", machineId: "cloud" }))).toEqual([
      ["edge", "cloud"],
      ["edge", "cloud"],
    ]);
  });

  it("is refused where one id is that of two machines, or of two servers", () => {
    const other = { ...edge, ssh: { destination: "me@elsewhere" } };
    expect(() => ids(stack("a", edge, {}), stack("b", other, {}))).toThrow(
      /^machine "edge" is edge \(edge, \S+\) in stack "a", and me@elsewhere \(edge, \S+\) in stack "b"\n {2}expected: one machine for each id\n {2}fix: give one of them another lathe:role/,
    );
    expect(() => ids(stack("a", edge, { id: "edge/x" }), stack("b", edge, { id: "edge/x" }))).toThrow(
      /^2 servers are called "edge\/x": of the stacks a, b\n/,
    );
  });

  it("is read from all stacks that are deployed, or from those named", async () => {
    const outputs: Readonly<Record<string, unknown>> = {
      client: { lathe: stack("client", client, {}).outputs },
      edge: { lathe: stack("edge", edge, {}).outputs },
      other: {},
    };
    const pulumi = (args: readonly string[]) => {
      const all = [...Object.keys(outputs).map((name) => ({ name })), { name: "gone", resourceCount: 0 }];
      return Promise.resolve(JSON.stringify(args.includes("ls") ? all : outputs[args.at(-1) ?? ""]));
    };
    const machines = async (names?: string[]) => (await readDeployments(pulumi, names)).machines.map((m) => m.id);
    expect(await machines()).toEqual(["client", "edge"]);
    expect(await machines(["edge"])).toEqual(["edge"]);
    // A program knows the last part of its stack's name alone: `edge` is another stack than `acme/edge`.
    const asked = (args: readonly string[]) =>
      Promise.resolve(JSON.stringify(args.includes("ls") ? [{ name: "acme/edge" }] : outputs["edge"]));
    expect((await readDeployments(asked, undefined)).servers.map((s) => s.access.stack)).toEqual(["acme/edge"]);
    await expect(machines(["other"])).rejects.toThrow(/stack "other" has no output "lathe"/);
    await expect(machines([])).rejects.toThrow(/no stack of this project is deployed/);
  });
});

describe("a stack's outputs", () => {
  it("of an older schema are refused in words that name both", () => {
    const old = JSON.stringify({ schema: "lathe.outputs/1", deployments: [] });
    expect(() => outputsOfText(old, "edge.json")).toThrow(
      /^edge\.json: its output lathe is of the schema "lathe\.outputs\/1"[^\n]*\n {2}expected: outputs of the schema lathe\.outputs\/2\n {2}fix: bring the stack down/,
    );
  });

  it("that are not as they should be name every field", () => {
    const { outputs } = stack("edge", edge, {});
    const wrong = JSON.stringify({ ...outputs, machine: { ...edge, id: "" }, servers: [] });
    expect(() => outputsOfText(wrong, "edge.json")).toThrow(
      /^edge\.json: output lathe\.machine\.id: [^]*\nedge\.json: output lathe\.servers: /,
    );
  });
});
