import { describe, expect, it } from "vitest";
import type { Cell } from "../matrix/cell.ts";
import { Link } from "../matrix/link.ts";
import { type LinkMeasure, LinkRecord, isOfVisit } from "../records/link-facts.ts";
import { FailureRecord } from "../records/records.ts";
import { cellOf } from "../testing/cells.ts";
import { sampleMachine, sampleModel, sampleServer } from "../testing/sample-run.ts";
import type { LinkHost } from "./host.ts";
import type { Laid } from "./lay.ts";
import { linkBlock, linkSeed, linksOf } from "./links.ts";

const machines = ["client", "edge", "cloud"].map(sampleMachine);
const servers = machines.map(({ id }) => sampleServer(id, [sampleModel("ssd")]));
const far = Link.parse({ name: "far", rttMs: 20 });
const near = Link.parse({ name: "near" });
const cell = (server: string, link?: Link, image = "image-1"): Cell =>
  cellOf(["client", server], "ssd", "probe", image, link === undefined ? {} : { link });

/** Machines of which each echo takes so long, and what is done with them, in order. */
function world(options: { rttMs?: (link: string) => number | null; lay?: (link: string) => Error | undefined } = {}) {
  const did: string[] = [];
  const records: LinkRecord[] = [];
  const voids: string[] = [];
  let up = true;
  const said: string[] = [];
  const links = linksOf(
    { machines, servers, seed: 1 },
    (record) => {
      if (record.type === "link") records.push(LinkRecord.parse(record));
      else voids.push(`${record.round} ${record.cell}: ${FailureRecord.parse(record).error.message}`);
    },
    (text) => said.push(text),
    {
      open: (machine, other) => {
        did.push(`open ${machine.id} to ${other}`);
        const host: LinkHost = {
          begin: () => Promise.resolve(undefined),
          tc: () => Promise.resolve(undefined),
          undo: () => Promise.resolve(),
          up: () => true,
          forget: () => (did.push(`forget ${machine.id}`), Promise.resolve("cubic")),
          measure: (link): Promise<LinkMeasure> => {
            const ms = options.rttMs === undefined ? link.rttMs : options.rttMs(link.name);
            did.push(`measure ${link.name}`);
            if (ms === null) return Promise.resolve({ unread: "no echo came back" });
            return Promise.resolve({ rttMs: { min: ms, median: ms, max: ms }, echoes: 20, lost: 0, mbit: null });
          },
          close: () => (did.push(`close ${machine.id}`), Promise.resolve()),
        };
        return Promise.resolve(host);
      },
      lay: (_ends, link): Promise<Laid> => {
        const fault = options.lay?.(link.name);
        if (fault !== undefined) return Promise.reject(fault);
        did.push(`lay ${link.name}`);
        up = true;
        const packets = { sent: 10, lost: 1, dropped: 0, lateMs: { p99: 0, max: 0 } };
        return Promise.resolve({
          ...{ means: "forwarder", seed: 5, up: () => up },
          undo: () => (did.push(`undo ${link.name}`), Promise.resolve(packets)),
        });
      },
    },
  );
  const steps = () => did.splice(0).filter((step) => !/^(open|forget)/.test(step));
  return { links, records, voids, did, steps, said, drop: () => (up = false) };
}

describe("the links of a run", () => {
  it("are laid once for a block, measured before and after, and undone before the next and at the end", async () => {
    const { links, records, steps } = world();
    expect(await links.take(cell("edge", far), 0)).toEqual(["client>edge"]);
    expect(await links.take(cell("edge", far, "image-2"), 0)).toEqual([]);
    expect(steps()).toEqual(["lay far", "measure far"]);
    expect(await links.take(cell("cloud", near), 0)).toEqual(["client>edge", "client>cloud"]);
    expect(steps()).toEqual(["measure far", "undo far", "lay near", "measure near"]);
    expect(await links.take(cell("cloud"), 0)).toEqual(["client>cloud"]);
    expect(await links.take(cell("client"), 0)).toEqual([]);
    expect(steps()).toEqual(["measure near", "undo near"]);
    await links.take(cell("edge", far), 0);
    await links.close();
    expect(steps().slice(0, 4)).toEqual(["lay far", "measure far", "measure far", "undo far"]);
    expect(records.map(({ when, link, cell: id }) => `${when} ${link} ${id}`)).toEqual([
      "before far client>edge over far probe ssd image-1",
      "after far client>edge over far probe ssd image-2",
      "before near client>cloud over near probe ssd image-1",
      "after near client>cloud over near probe ssd image-1",
      "before far client>edge over far probe ssd image-1",
      "after far client>edge over far probe ssd image-1",
    ]);
    expect(records[1]).toMatchObject({
      congestion: { client: "cubic", server: "cubic" },
      packets: { sent: 10, lost: 1 },
    });
    expect(records.filter((r) => isOfVisit(r, cell("edge", far, "image-9"), 0))).toHaveLength(4);
    expect(records.filter((r) => isOfVisit(r, cell("edge", far), 1) || isOfVisit(r, cell("edge", near), 0))).toEqual(
      [],
    );
    expect(records.filter((r) => isOfVisit(r, cell("edge"), 0))).toEqual([]);
  });

  it("are laid anew in each round, and where one is gone", async () => {
    const { links, steps, drop } = world();
    await links.take(cell("edge", far), 0);
    await links.take(cell("edge", far), 1);
    expect(steps()).toEqual(["lay far", "measure far", "measure far", "undo far", "lay far", "measure far"]);
    drop();
    expect(await links.take(cell("edge", far), 1)).toEqual(["client>edge"]);
    // Of one that is gone nothing can be measured.
    expect(steps()).toEqual(["undo far", "lay far", "measure far"]);
  });

  it("say of a visit in which one went away that its calls do not count, and of no other", async () => {
    const { links, drop, voids } = world();
    await links.take(cell("edge", far), 0);
    expect(links.lost(cell("edge", far))).toBeUndefined();
    drop();
    expect(links.lost(cell("edge", far))).toBe("link far went away while calls were made: they are not counted");
    expect(links.lost(cell("edge"))).toBeUndefined();
    await links.take(cell("edge", far), 0);
    expect(links.lost(cell("edge", far))).toBeUndefined();
    await links.close();
    expect(voids).toEqual([]);
  });

  it("that are not felt any more after a block's calls make all of them void", async () => {
    let ms = 20;
    const { links, records, voids } = world({ rttMs: () => ms });
    await links.take(cell("edge", far), 2);
    await links.take(cell("edge", far, "image-2"), 2);
    ms = 0.2;
    await links.take(cell("edge"), 2);
    const why =
      "link far: after its calls a round trip takes 0.2 ms, but the link adds 20 ms: packets do not go over it";
    expect(voids).toEqual([cell("edge", far), cell("edge", far, "image-2")].map(({ id }) => `2 ${id}: ${why}`));
    expect(records).toHaveLength(2);
  });

  it("are laid where no echo is answered, and that they were not measured is recorded", async () => {
    const { links, records, voids } = world({ rttMs: () => null });
    await links.take(cell("edge", far), 0);
    await links.close();
    expect(records.map(({ measured }) => measured)).toEqual(Array(2).fill({ unread: "no echo came back" }));
    expect(voids).toEqual([]);
  });

  it("make TCP forget between two cells what it learned in the first", async () => {
    const { links, did } = world();
    await links.take(cell("edge", far), 0);
    did.splice(0);
    await links.take(cell("edge", far, "image-2"), 0);
    expect(did).toEqual(["forget client", "forget edge"]);
    did.splice(0);
    await links.take(cell("edge", far, "image-2"), 0);
    expect(did).toEqual([]);
  });

  it("say why one cannot be laid, without trying again, and the others go on", async () => {
    const { links, steps } = world({ lay: (name) => (name === "far" ? new Error("no netem") : undefined) });
    for (let i = 0; i < 2; i++) await expect(links.take(cell("edge", far), 0)).rejects.toThrow("no netem");
    await expect(links.take(cell("edge", far), 1)).rejects.toThrow("no netem");
    expect(await links.take(cell("edge", near), 0)).toEqual(["client>edge"]);
    expect(steps()).toEqual(["lay near", "measure near"]);
  });

  it("are undone where packets do not go over them, and that is said", async () => {
    const { links, records, steps } = world({ rttMs: () => 0.2 });
    await expect(links.take(cell("edge", far), 0)).rejects.toThrow(
      /a round trip takes 0.2 ms, but the link adds 20 ms/,
    );
    expect([steps(), records]).toEqual([["lay far", "measure far", "undo far"], []]);
  });

  it("are refused of a server that is reached by a tunnel", async () => {
    const tunnel = servers.map((s) => ({ ...s, access: { ...s.access, expose: "tunnel" as const } }));
    const links = linksOf(
      { machines, servers: tunnel, seed: 1 },
      () => {},
      () => {},
    );
    await expect(links.take(cell("edge", far), 0)).rejects.toThrow(/go through a tunnel over this machine/);
  });

  it("draw losses by the run's seed, another time in each round, and anew for each link", () => {
    const [a, b] = [cell("edge", far), cell("edge", near)];
    expect(linkSeed(1, a, 0)).toBe(linkSeed(1, { ...a, image: "image-2" }, 0));
    const all = [
      linkSeed(1, a, 0),
      linkSeed(1, a, 1),
      linkSeed(2, a, 0),
      linkSeed(1, b, 0),
      linkSeed(1, cell("cloud", far), 0),
    ];
    expect(new Set(all).size).toBe(5);
    for (const seed of all) expect(Number.isSafeInteger(seed) && seed >= 0).toBe(true);
  });

  it("make one block of a pair's cells", () => {
    expect(linkBlock(cell("edge", far))).toBe(linkBlock(cell("edge", far, "image-2")));
    expect(new Set([cell("edge", far), cell("edge", near), cell("cloud", far)].map(linkBlock)).size).toBe(3);
    expect(linkBlock(cell("edge"))).toBeUndefined();
  });
});
