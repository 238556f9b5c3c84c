import { AXES } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import type { RunManifest } from "../records/manifest.ts";
import type { Interval } from "../stats/math/estimate.ts";
import { mean, median } from "../stats/math/quantile.ts";
import type { Study } from "../stats/study.ts";
import type { CellData } from "../stats/visits.ts";
import { NO_PHASES, cellsOf } from "./cells.ts";
import { sampleMachine, sampleManifest, sampleModel, sampleServer } from "./sample-run.ts";

export { callRecord } from "./calls.ts";

/** A cell's data from the latencies of its visits, rounds 0, 1, 2 and so on. */
export function dataOf(cell: string, visits: readonly (readonly number[])[]): CellData {
  return {
    cell,
    totalsMs: Float64Array.from(visits.flat()),
    visits: visits.map((calls, round) => ({
      round,
      n: calls.length,
      medianMs: median(calls),
      meanMs: mean(calls),
      phaseMeansMs: NO_PHASES,
    })),
    ...{ requestBytes: null, responseBytes: null },
  };
}

/** How often intervals hold the truth. */
export function coverageOf(intervals: readonly (Interval | null)[], truth: number): number {
  return intervals.filter((i) => i !== null && i.low <= truth && truth <= i.high).length / intervals.length;
}

/** A run's manifest for tests: two of the paper's models (one with random weights) and `null` on each server. */
export function manifestOf(options: {
  readonly placements: readonly (readonly [clientMachine: string, server: string])[];
  readonly models?: readonly string[];
  readonly clients?: readonly string[];
  readonly images: readonly { readonly name: string; readonly fileBytes: number; readonly pixels?: number }[];
}): RunManifest {
  const { placements, models = ["rfcn-resnet101", "ssd-mobilenet", "null"], clients = ["probe", "rest"] } = options;
  const servers = [...new Set(placements.map(([, server]) => server))];
  const deployed = models.map((name) => ({ ...sampleModel(name), timingOnly: name.startsWith("rfcn") }));
  return {
    ...sampleManifest(),
    id: "test",
    clients: [...clients],
    machines: [...new Set(placements.flat())].map(sampleMachine),
    servers: servers.map((id) => ({ ...sampleServer(id, deployed), standIn: false })),
    readBack: readBackOf(servers, "once"),
    images: options.images.map(({ name, fileBytes, pixels = 1000 }) => ({
      ...{ name, source: name, sha256: "", fileBytes, width: pixels, height: 1 },
    })),
    cells: cellsOf({ placements, models, clients, images: options.images.map((i) => i.name) }),
    remarks: [],
  };
}

/** What engines said of made-up servers: all of them were started then. */
export function readBackOf(servers: readonly string[], startedAt: string): RunManifest["readBack"] {
  const back = { imageId: "i", containerId: "c", startedAt, running: true, restartCount: 0, nanoCpus: 0 };
  return Object.fromEntries(servers.map((id) => [id, { ...back, cpuSet: "", memoryBytes: 0, env: {} }]));
}

/** A study with data for every cell, from a function that gives the latencies of one visit's calls. */
export function studyOf(
  manifest: RunManifest,
  rounds: number,
  call: (cell: Cell, round: number) => readonly { readonly totalMs: number; readonly encodeMs?: number }[],
  objects: Readonly<Record<string, number>> = {},
): Study {
  const data = manifest.cells.map((cell): [string, CellData] => {
    const visits = Array.from({ length: rounds }, (_, round) => call(cell, round));
    const base = dataOf(
      cell.id,
      visits.map((v) => v.map((c) => c.totalMs)),
    );
    const withPhases = base.visits.map((v, i) => ({
      ...v,
      phaseMeansMs: { ...v.phaseMeansMs, encodeMs: mean((visits[i] ?? []).map((c) => c.encodeMs ?? 0)), decodeMs: 0 },
    }));
    return [cell.id, { ...base, visits: withPhases }];
  });
  const images = manifest.images.map(({ name, fileBytes, width, height }) => ({
    ...{ image: name, fileBytes, pixels: width * height, objects: objects[name] ?? null },
  }));
  return { manifest, data: new Map(data), images, axes: AXES };
}
