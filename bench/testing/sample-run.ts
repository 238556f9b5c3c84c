import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { clientKinds } from "../../clients/registry.ts";
import type { DeployedModel, Machine, Server } from "../../infra/outputs.ts";
import type { Cell } from "../matrix/cell.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { CLOCK, type RunManifest, TIMED_REGION } from "../records/manifest.ts";
import { type CallRecord, RECORDS_VERSION } from "../records/records.ts";
import { cellsOf } from "./cells.ts";

const MODELS = ["rfcn-resnet101", "ssd-mobilenet", "null"] as const;
const MACHINES = ["client", "cloud", "edge"];
const CLIENTS = ["probe", "rest"];
const IMAGES = Array.from({ length: 10 }, (_, i) => `image-${i + 1}`);
const CALLS_A_VISIT = 10;
const CALL_MS: Readonly<Record<string, number>> = { "rfcn-resnet101": 1500, "ssd-mobilenet": 50, null: 1 };

/** A made-up run of the paper's matrix. It measures reading and reporting, and says nothing of any machine. */
export function sampleManifest(): RunManifest {
  return {
    schema: "lathe.run/2",
    id: "sample",
    createdAt: "2026-01-01T00:00:00.000Z",
    lathe: { version: "0", commit: null, dirty: null, agent: "", node: process.version },
    clock: CLOCK,
    timedRegion: TIMED_REGION,
    seed: 1,
    limits: DEFAULT_LIMITS,
    clients: CLIENTS,
    machines: MACHINES.map((id) => sampleMachine(id)),
    servers: MACHINES.map((id) => sampleServer(id, MODELS.map(sampleModel))),
    readBack: {},
    photographs: "models/photographs.yaml",
    images: IMAGES.map((name, i) => ({
      ...{ name, source: "made up", sha256: "0".repeat(64), fileBytes: 50_000 + 9000 * ((7 * i) % 10) },
      ...{ width: 640, height: 400 + 20 * ((3 * i) % 10) },
    })),
    cells: cellsOf({
      placements: [
        ...MACHINES.map((id) => [id, id] as const),
        ...MACHINES.slice(1).map((id) => ["client", id] as const),
      ],
      models: MODELS,
      clients: CLIENTS,
      images: IMAGES,
    }),
    remarks: ["Made-up records: they measure how fast Lathe reports, not any machine."],
  };
}

/** A made-up machine, for tests. */
export function sampleMachine(id: string): Machine {
  return {
    id,
    ssh: { destination: id },
    address: "127.0.0.1",
    facts: {
      ...{ hostname: id, os: "made up", kernel: "made up", arch: "x86_64", memoryBytes: 1 },
      cpu: { model: "made up", logical: [], allowed: [0], quotaCpus: null },
      docker: { version: "0", apiVersion: "0", storageDriver: "none" },
    },
    workspace: "/none",
  };
}

/** A made-up server that is alone on its machine and answers one API over each of its protocols, for tests. */
export function sampleServer(id: string, models: DeployedModel[]): Server {
  const ofOne = clientKinds.filter(({ api }) => api === clientKinds[0]?.api);
  const spoken = [...new Map(ofOne.map((k) => [k.protocol, k])).values()];
  return {
    ...{ id, machineId: id, kind: "made-up", container: "none", image: "none", standIn: true, build: "made up" },
    placement: { physicalCores: 1, reason: "made up" },
    settings: { threads: "1" },
    endpoints: spoken.map(({ api, protocol }, i) => ({ api, protocol, port: 8500 + i, security: "none" as const })),
    models,
    workspace: "/none",
    access: { stack: id, expose: "address", allowFrom: [] },
  };
}

/** A made-up model: `null` answers a constant, others stand for the paper's by the beginnings of their names. */
export function sampleModel(name: string): DeployedModel {
  const paperModel = (["rfcn", "ssd"] as const).find((model) => name.startsWith(model));
  return {
    ...{ name, version: 1, sha256: "0".repeat(64), timingOnly: false, isNull: name === "null", signatures: [] },
    ...(paperModel === undefined ? {} : { paperModel }),
  };
}

/** Made-up calls, visit after visit: latencies with a tail and with noise from visit to visit. */
export function* sampleCalls(cells: readonly Cell[], count: number): Generator<CallRecord & { v: number }> {
  const random = xoroshiro128plus(7);
  let made = 0;
  for (let round = 0; ; round++) {
    for (const cell of cells) {
      const visit = 1 + 0.05 * uniformFloat64(random);
      for (let i = 0; i < CALLS_A_VISIT; i++) {
        if (made++ === count) return;
        const base = (CALL_MS[cell.model] ?? 1) * visit * (cell.protocol === "rest" ? 1.3 : 1);
        const waitMs = base * (1 - 0.05 * Math.log(1 - uniformFloat64(random)));
        const parts = { encodeMs: 0.3, sendMs: 0.2, waitMs, receiveMs: 0.1, decodeMs: 0.2 };
        yield {
          ...{ v: RECORDS_VERSION, type: "call", cell: cell.id, round, phase: "measure" },
          ...{ at: "2026-01-01T00:00:00.000Z", ok: true, ...parts, totalMs: waitMs + 0.8 },
          ...{ requestBytes: 921_676, responseBytes: 12_000 },
        };
      }
    }
  }
}
