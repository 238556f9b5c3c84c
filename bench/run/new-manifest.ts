import { clientKinds } from "../../clients/registry.ts";
import type { Server } from "../../infra/outputs.ts";
import { shownPath } from "../../lib/paths.ts";
import type { PlannedMatrix } from "../plan/plan-matrix.ts";
import { CLOCK, type ImageInfo, type RunManifest, TIMED_REGION } from "../records/manifest.ts";
import type { Deployed } from "../targets/deployments.ts";
import { neighbourhoods } from "../targets/neighbours.ts";
import { askEach, latheNow, readBack } from "../targets/read-setup.ts";
import { accessRemarks } from "../targets/secrets.ts";

/**
 * All that a run's records will refer to. Asks each server's engine what its container really runs with.
 *
 * @param options `remark`: what a reader must know of these machines, in the user's words
 */
export async function newManifest(
  id: string,
  deployed: Deployed,
  infos: readonly ImageInfo[],
  { photographs, seed, limits, remark, neighbours, beside }: RunOptions,
  matrix: PlannedMatrix,
  agent: { readonly key: string },
): Promise<RunManifest> {
  const kinds = clientKinds.filter(({ name }) => matrix.cells.some((c) => c.client === name));
  return {
    schema: "lathe.run/2",
    id,
    createdAt: new Date().toISOString(),
    lathe: latheNow(agent),
    clock: CLOCK,
    timedRegion: TIMED_REGION,
    seed,
    limits,
    clients: kinds.map((k) => k.name),
    transports: Object.fromEntries(kinds.map((k) => [k.name, { ...k.transport }])),
    machines: [...deployed.machines],
    servers: [...deployed.servers],
    readBack: await askEach(deployed, deployed.servers, readBack),
    photographs: shownPath(photographs),
    images: [...infos],
    cells: [...matrix.cells],
    ...(matrix.traces === undefined ? {} : { traces: { ...matrix.traces } }),
    matrix: {
      file: matrix.file,
      experiments: matrix.experiments
        .filter((e) => matrix.cells.some((c) => c.experiments?.includes(e.name)))
        .map(({ name, about, thresholds, slo }) => ({
          name,
          ...(about === undefined ? {} : { about }),
          ...(thresholds === undefined ? {} : { thresholds }),
          ...(slo === undefined ? {} : { slo }),
        })),
      notes: [...matrix.notes],
    },
    ...(neighbourhoods(deployed).length === 0 ? {} : { neighbours }),
    remarks: remarks(deployed, remark, beside),
  };
}

type RunOptions = Pick<RunManifest, "photographs" | "seed" | "limits"> & {
  readonly remark: string | undefined;
  readonly neighbours: "frozen" | "running";
  /** What is known of other servers on the run's machines (`serversBeside`). */
  readonly beside: readonly string[];
};

/** What a reader must know before the numbers: what stands in for something else, and what means less than it seems. Pure. */
export function remarks(
  { machines, servers }: Deployed,
  own: string | undefined,
  beside: readonly string[] = [],
): string[] {
  const timingOnly = new Set(
    servers.flatMap((s) => s.models.filter((m) => m.timingOnly && !m.isNull).map((m) => m.name)),
  );
  const kernels = new Set(machines.map(({ facts }) => `${facts.kernel} ${facts.cpu.model} ${facts.memoryBytes}`));
  return [
    ...standInRemarks(servers),
    ...noteRemarks(servers),
    ...replicaRemarks(servers),
    ...[...timingOnly].map(
      (name) => `Model ${name}: true architecture, random weights. Its time is real, its detections mean nothing.`,
    ),
    ...accessRemarks(servers),
    ...beside,
    ...(own === undefined ? [] : [own]),
    ...(own === undefined && machines.length > 1 && kernels.size === 1
      ? [
          "The machines have one kernel and CPU model in common: they look like parts of one machine, not like separate ones.",
        ]
      : []),
  ];
}

function standInRemarks(servers: readonly Server[]): string[] {
  const byKind = Map.groupBy(
    servers.filter((s) => s.standIn),
    (s) => s.kind,
  );
  return [...byKind].map(
    ([kind, own]) =>
      `Server ${own.map((s) => s.id).join(", ")}: Lathe's stand-in for the server kind ${kind} (the same API), not the real server's binary.`,
  );
}

/** How calls reach servers that are several containers. */
const replicaRemarks = (servers: readonly Server[]): string[] =>
  servers.flatMap(({ id, replicas }) => {
    const all = 1 + (replicas?.length ?? 0);
    const how =
      "Each connection of a client goes to one of them, in turn: calls over fewer connections reach fewer replicas.";
    return all === 1 ? [] : [`Server ${id}: ${all} replicas, which share the machine's cores. ${how}`];
  });

/** What images say of themselves, and what gates have seen (`Server.note`). */
function noteRemarks(servers: readonly Server[]): string[] {
  const byNote = Map.groupBy(
    servers.filter((s) => s.note !== undefined),
    (s) => s.note,
  );
  return [...byNote].map(([note, own]) => `Note on server ${own.map((s) => s.id).join(", ")}: ${note}`);
}
