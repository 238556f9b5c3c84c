import { describe, expect, it } from "vitest";
import type { Cell } from "../../matrix/cell.ts";
import type { JournalRecord } from "../../records/records.ts";
import { random } from "../math/random.ts";
import { serverClocks } from "./server-clock.ts";
import { callRecord, manifestOf, studyOf } from "../../testing/studies.ts";
import { gatherCells } from "../gather.ts";
import { type ServerMeans } from "../visits.ts";

const manifest = manifestOf({
  placements: [
    ["edge", "edge"],
    ["client", "edge"],
  ],
  images: [
    { name: "image-1", fileBytes: 1 },
    { name: "image-2", fileBytes: 2 },
  ],
});

/** What the server's clock sees of a call, and what only the client does, ms. */
const inside = (c: Cell) => (c.client === "rest" ? 20 : 1) + (c.model === "null" ? 0 : 300);
const outside = (c: Cell) => (c.client === "rest" ? 1 : 2) + (c.local ? 0 : 15);

/** Visits of three calls, a tenth of noise on both clocks alike; `wrong` is what the server's clock does not see. */
function measured(wrong: (cell: Cell) => number, rounds = 4) {
  const stream = random(3);
  const noise = new Map<string, number>();
  const of = (cell: Cell, round: number) => {
    const key = `${cell.id} ${round}`;
    if (!noise.has(key)) noise.set(key, 1 + 0.1 * stream.normal());
    return inside(cell) * (noise.get(key) as number);
  };
  const study = studyOf(manifest, rounds, (cell, round) =>
    Array.from({ length: 3 }, () => ({ totalMs: of(cell, round) + outside(cell) + wrong(cell) + 0.5, encodeMs: 0.5 })),
  );
  const data = new Map(
    manifest.cells.map((cell) => {
      const d = study.data.get(cell.id) as NonNullable<ReturnType<typeof study.data.get>>;
      const server = (round: number): ServerMeans => ({ requestMs: of(cell, round), runMs: 1, stepMs: 0.001 });
      return [cell.id, { ...d, visits: d.visits.map((v) => ({ ...v, server: server(v.round) })) }] as const;
    }),
  );
  return { ...study, data };
}

describe("the attribution beside the server's own clock", () => {
  it("agrees where both saw the same, however noisy the calls were", () => {
    const { rows } = serverClocks(measured(() => 0));
    expect(rows).toHaveLength(2 * 2 * 2);
    const remote = rows.find(
      (r) =>
        r.levels["placement"] === "client → edge" &&
        r.levels["model"] === "ssd-mobilenet" &&
        r.levels["client"] === "probe",
    );
    expect(remote?.visits).toBe(8);
    expect(remote?.runMs).toBe(1);
    expect(remote?.difference.value).toBeCloseTo(0, 6);
    expect(remote?.outside.value).toBeCloseTo(17, 6);
    expect(rows.map((r) => r.judged.small)).toEqual(rows.map(() => true));
  });

  it("does not agree where a model's calls take time that its server does not know of, and says how much", () => {
    const { rows } = serverClocks(measured((c) => (c.model === "ssd-mobilenet" ? 40 : 0)));
    for (const row of rows) {
      expect(row.judged.small, `${row.levels["placement"]} ${row.levels["model"]}`).toBe(
        row.levels["model"] !== "ssd-mobilenet",
      );
      if (row.levels["model"] === "ssd-mobilenet") expect(row.difference.value).toBeCloseTo(40, 0);
    }
  });

  it("agrees where the whole interval is within a twentieth of what the client saw, and is inconclusive of a single visit", () => {
    const small = (c: Cell) => (c.model === "null" ? 0 : 4);
    expect(serverClocks(measured(small)).rows.map((r) => r.judged.small)).toEqual(Array(8).fill(true));
    const one = serverClocks(measured(small, 1)).rows;
    expect(one.map((r) => r.judged)).toEqual(one.map(() => ({ interval: null, small: null, doubtful: true })));
  });

  it("is nothing where servers have no metrics", () => {
    expect(serverClocks(studyOf(manifest, 2, () => [{ totalMs: 1 }]))).toEqual({ rows: [], others: 0, unread: 0 });
  });
});

describe("what a server's clock said of a visit", () => {
  const visit = (count: number, runs = count): JournalRecord => ({
    ...{ type: "visit", cell: "a", round: 0, at: "", disturbed: [] },
    warmup: { calls: 0, ended: "none" },
    client: {
      ...{ spanMs: 1, loopMeanMs: 0, loopP99Ms: 0, loopMaxMs: 0, loopBusy: 0 },
      ...{ ownWorkMs: 0, gcPauses: 0, gcMs: 0, gcMaxMs: 0 },
    },
    server: {
      requests: { count, sumMs: 10 * count, stepMs: 0.1 },
      runs: { count: runs, sumMs: 9 * runs, stepMs: 0.1 },
    },
  });
  const serverOf = async (...records: JournalRecord[]) =>
    (await gatherCells([callRecord("a", 0, 12), callRecord("a", 0, 14), ...records])).get("a")?.visits[0]?.server;

  it("is the mean over its calls, where it counted these and no others", async () => {
    expect(await serverOf(visit(2))).toEqual({ requestMs: 10, runMs: 9, stepMs: 0.05 });
    expect(await serverOf(visit(2, 5))).toMatchObject({ requestMs: 10, runMs: null });
  });

  it("is left out where others used the server, where it was started again, or could not be read", async () => {
    expect(await serverOf(visit(3))).toEqual({ unknown: "others" });
    expect(await serverOf(visit(1))).toEqual({ unknown: "unread" });
    expect(await serverOf({ ...visit(2), server: { unread: "HTTP 404" } } as JournalRecord)).toEqual({
      unknown: "unread",
    });
    expect(await serverOf()).toBeUndefined();
  });
});
