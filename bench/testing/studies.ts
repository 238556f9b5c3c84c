import { type Cell, cellId } from "../matrix/cell.ts";
import type { RunManifest } from "../records/manifest.ts";
import type { Interval } from "../stats/math/estimate.ts";
import { mean, median } from "../stats/math/quantile.ts";
import type { Study } from "../stats/study.ts";
import type { CellData } from "../stats/visits.ts";

export { callRecord } from "./calls.ts";

/** A cell's data from the latencies of its visits, rounds 0, 1, 2 and so on. */
export function cellOf(cell: string, visits: readonly (readonly number[])[]): CellData {
  return {
    cell,
    totalsMs: Float64Array.from(visits.flat()),
    visits: visits.map((calls, round) => ({
      round,
      n: calls.length,
      medianMs: median(calls),
      meanMs: mean(calls),
      phaseMeansMs: { lateMs: null, encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null },
    })),
    requestBytes: null,
    responseBytes: null,
  };
}

/** How often intervals hold the truth. */
export function coverageOf(intervals: readonly (Interval | null)[], truth: number): number {
  return intervals.filter((i) => i !== null && i.low <= truth && truth <= i.high).length / intervals.length;
}

/** The parts of a run's manifest that statistics read, for tests: two paper models and `null` on each role. */
export function manifestOf(options: {
  readonly placements: readonly (readonly [client: string, server: string])[];
  readonly models?: readonly string[];
  readonly kinds?: readonly string[];
  readonly images: readonly { readonly name: string; readonly fileBytes: number; readonly pixels?: number }[];
}): RunManifest {
  const models = options.models ?? ["rfcn-resnet101", "ssd-mobilenet", "null"];
  const kinds = options.kinds ?? ["probe", "rest"];
  const cells = options.placements.flatMap(([clientRole, serverRole]) =>
    models.flatMap((model) =>
      kinds.flatMap((clientKind) =>
        options.images.map(({ name: image }) => {
          const coordinates = { clientRole, serverRole, clientKind, model, image };
          const protocol = clientKind.startsWith("rest") ? ("rest" as const) : ("grpc" as const);
          return { id: cellId(coordinates), ...coordinates, protocol, input: "pixels" as const };
        }),
      ),
    ),
  );
  const paperModel = (name: string) => (name.startsWith("rfcn") ? "rfcn" : name.startsWith("ssd") ? "ssd" : undefined);
  return {
    id: "test",
    createdAt: "2026-01-01T00:00:00.000Z",
    lathe: { version: "0", commit: null, dirty: null, agent: "", node: "" },
    ...{ clock: "", timedRegion: "", limits: {} },
    seed: 1,
    clientKinds: kinds,
    deployments: [...new Set(options.placements.map(([, server]) => server))].map((role) => ({
      role,
      models: models.map((name) => ({
        name,
        timingOnly: name.startsWith("rfcn"),
        isNull: name === "null",
        paperModel: paperModel(name),
      })),
    })),
    images: options.images.map((i) => ({ ...i, source: i.name, sha256: "", width: i.pixels ?? 1000, height: 1 })),
    cells,
    remarks: [],
  } as unknown as RunManifest;
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
    const base = cellOf(
      cell.id,
      visits.map((v) => v.map((c) => c.totalMs)),
    );
    const withPhases = base.visits.map((v, i) => ({
      ...v,
      phaseMeansMs: { ...v.phaseMeansMs, encodeMs: mean((visits[i] ?? []).map((c) => c.encodeMs ?? 0)), decodeMs: 0 },
    }));
    return [cell.id, { ...base, visits: withPhases }];
  });
  const images = manifest.images.map((i) => ({
    image: i.name,
    fileBytes: i.fileBytes,
    pixels: i.width * i.height,
    objects: objects[i.name] ?? null,
  }));
  return { manifest, data: new Map(data), images };
}
