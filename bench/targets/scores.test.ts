import { expect, it } from "vitest";
import { edgeFacts } from "../../test/program/mocks.ts";
import type { Machine } from "../../infra/outputs.ts";
import { machineScores } from "./scores.ts";

const machine = (id: string, model: string): Machine => ({
  ...{ id, address: id, workspace: "/w", ssh: { destination: `root@${id}` } },
  facts: { ...edgeFacts, cpu: { ...edgeFacts.cpu, model } },
});

it("machines are scored at the same time, but for parts of one machine, and one that cannot be asked says why", async () => {
  let under = new Set<string>();
  const beside: string[][] = [];
  const measure = async (target: Machine["ssh"]) => {
    const own = target?.destination ?? "";
    under.add(own);
    beside.push([...under]);
    await new Promise((resolve) => setImmediate(resolve));
    under = new Set([...under].filter((one) => one !== own));
    if (own === "root@c") throw new Error("no route to host\nmore");
    return { single: 1, multi: 2, cpus: 2, program: "OpenSSL 3" };
  };
  const scores = await machineScores([machine("a", "X"), machine("b", "X"), machine("c", "Y")], measure);
  expect(Object.keys(scores)).toEqual(["a", "b", "c"]);
  expect(scores["c"]).toEqual({ unmeasured: "no route to host" });
  expect(beside.some((all) => all.includes("root@a") && all.includes("root@c"))).toBe(true);
  expect(beside.some((all) => all.includes("root@a") && all.includes("root@b"))).toBe(false);
});
