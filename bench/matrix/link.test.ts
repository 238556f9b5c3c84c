import { describe, expect, it } from "vitest";
import { sampleMachine, sampleModel, sampleServer } from "../testing/sample-run.ts";
import { NOTHING_CHOSEN } from "../testing/experiments.ts";
import { UserError } from "../../lib/errors.ts";
import { expand } from "../plan/expand.ts";
import { factorLevels } from "../stats/levels.ts";
import { AXES } from "./axes.ts";
import { parseExperiments } from "./experiments/load.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { Link, addsNothing, linkText } from "./link.ts";

const deployed = {
  machines: ["client", "edge"].map(sampleMachine),
  servers: ["client", "edge"].map((id) => sampleServer(id, [sampleModel("ssd")])),
  images: ["image-7"],
};
const cellsOf = (text: string) =>
  expand(parseExperiments(text, "x", {}), deployed, NOTHING_CHOSEN, DEFAULT_LIMITS).cells;
const faultsOf = (text: string) => {
  try {
    parseExperiments(text, "x", {});
    return [];
  } catch (error) {
    return error instanceof UserError
      ? error.faults.map(({ what, expected }) => `${what} | ${expected}`)
      : [String(error)];
  }
};

describe("links of an experiment", () => {
  const two = "links: [{ name: near }, { name: far, rttMs: 20, mbit: 50, loss: 0.01, jitterMs: 2 }]";

  it("are a coordinate of remote cells; a local cell goes over none, and is measured once", () => {
    const cells = cellsOf(`experiments: [{ name: a, clientKinds: probe, serverMachines: all, ${two} }]`);
    expect(cells.map((c) => c.id)).toEqual([
      "client>client probe ssd image-7",
      "client>edge over near probe ssd image-7",
      "client>edge over far probe ssd image-7",
    ]);
    expect(cells.map((c) => c.link?.rttMs)).toEqual([undefined, 0, 20]);
    expect(cells[1]?.link).toEqual({ name: "near", rttMs: 0, mbit: null, loss: 0, jitterMs: 0 });
  });

  it("are levels of the placement in the model: what varies from round to round is a link's own", () => {
    const cells = cellsOf(`experiments: [{ name: a, clientKinds: probe, serverMachines: all, ${two} }]`);
    expect(cells.map((c) => factorLevels(c, AXES)["placement"])).toEqual([
      "client → client",
      "client → edge, near",
      "client → edge, far",
    ]);
  });

  it("can be one, without a list, and a default", () => {
    expect(cellsOf("experiments: [{ name: a, clientKinds: probe, links: { name: far, rttMs: 1 } }]")).toHaveLength(1);
    const text = `
defaults: { clientKinds: probe, ${two} }
experiments: [{ name: a }, { name: own, clientMachines: same }]`;
    expect(cellsOf(text).map((c) => `${c.serverMachine} ${c.link?.name}`)).toEqual([
      "edge near",
      "edge far",
      "client undefined",
      "edge undefined",
    ]);
  });

  it("are refused with every fault at once", () => {
    const link = (text: string) => faultsOf(`experiments: [{ name: a, links: [{ name: far, ${text} }] }]`);
    const place = "x:1:1: ".length;
    const without = (faults: string[]) => faults.map((fault) => fault.slice(fault.indexOf("links[0]", place - 1)));
    expect(without(link("rttMs: -1, mbit: 0, loss: 2, jitterMs: x"))).toEqual([
      "links[0].rttMs: -1 | 0 or more",
      "links[0].mbit: 0 | 0.01 or more",
      "links[0].loss: 2 | at most 0.5",
      'links[0].jitterMs: "x" | 0 or more',
    ]);
    expect(without(link("rttMs: 1, jitterMs: 2"))).toEqual([
      "links[0].jitterMs: 2 | at most rttMs: no packet arrives before it was sent",
    ]);
    expect(link("delay: 3").join()).toMatch(/delay/);
    expect(faultsOf("experiments: [{ name: a, links: [{ rttMs: 1 }] }]").join()).toMatch(/name/);
    expect(faultsOf("experiments: [{ name: a, links: [] }]").join()).toMatch(/one or more/);
    for (const name of ["x y", "Far", "-a", "a".repeat(31)])
      expect(faultsOf(`experiments: [{ name: a, links: [{ name: "${name}" }] }]`), name).not.toEqual([]);
  });

  it("have one name each, in a list and in all experiments; a machine has none to itself", () => {
    const far = (rttMs: number) => `{ name: far, rttMs: ${rttMs} }`;
    expect(faultsOf(`experiments: [{ name: a, links: [${far(1)}, ${far(2)}] }]`).join()).toMatch(
      /two links with the name "far" \| a name of its own for each/,
    );
    const both = (first: number, second: number) =>
      faultsOf(`experiments: [{ name: a, links: ${far(first)} }, { name: b, links: ${far(second)} }]`);
    expect(both(1, 1)).toEqual([]);
    expect(both(1, 2).join()).toMatch(/link "far" of experiment b differs from the link of that name in a/);
    expect(faultsOf(`experiments: [{ name: a, clientMachines: same, links: ${far(1)} }]`).join()).toMatch(
      /links, although clientMachines is same/,
    );
  });
});

describe("a link in words", () => {
  const text = (link: object) => linkText(Link.parse({ name: "a", ...link }));

  it("says what it adds", () => {
    expect(text({})).toBe("the network as it is");
    expect(text({ rttMs: 20, jitterMs: 2, mbit: 50, loss: 0.001 })).toBe("+20 ms (± 2), 50 Mbit/s, 0.1 % lost");
    expect(text({ mbit: 0.5 })).toBe("0.5 Mbit/s");
    expect(addsNothing(Link.parse({ name: "a" }))).toBe(true);
    expect(addsNothing(Link.parse({ name: "a", loss: 0.1 }))).toBe(false);
  });
});
