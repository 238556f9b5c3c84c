import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "../../infra/outputs.ts";
import { cellId } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import { keepPhotographs } from "../records/photographs.ts";
import { answerOf } from "./detections.ts";
import { type ImageInfo, RunManifest } from "../records/manifest.ts";
import { type JournalRecord, RECORDS_VERSION } from "../records/records.ts";
import { sampleManifest } from "./sample-run.ts";
import { type Random, random } from "../stats/math/random.ts";

/** What a made-up run is like. */
export interface SampleOptions {
  /** Visits to a cell at most; the slow model gets half of them, as in a run with a budget. Default: 4. */
  readonly rounds?: number;
  /** Keep photographs, as a run does; they take a second to make. */
  readonly photographs?: boolean;
  /** Put in place of a model's name, of a server's error, of a remark and the like. */
  readonly hostile?: string;
}

/** A name that would do harm wherever it is printed without care: in HTML, an attribute, Markdown, a formula. */
export const HOSTILE = `=1+1 <img src=x onerror="window.hacked=1"><script>window.hacked=1</script></style> '"&|*_\``;

const AT = "2026-11-23T18:00:00.000Z";
const MACHINES: Readonly<Record<string, { cores: number; quota: number; speed: number; networkMs: number }>> = {
  client: { cores: 2, quota: 1, speed: 1, networkMs: 0 },
  cloud: { cores: 2, quota: 2, speed: 0.6, networkMs: 1.1 },
  edge: { cores: 1, quota: 0.6, speed: 1.5, networkMs: 2.4 },
};

/** The manifest of a made-up run that is like the demo's: a lab, a stand-in, a model of random weights, and `null`. */
export function sampleRunManifest({ hostile }: SampleOptions = {}): RunManifest {
  const base = sampleManifest();
  const named = (model: string) => (hostile !== undefined && model === "ssd-mobilenet" ? hostile : model);
  return {
    ...base,
    id: "2026-11-23T18-00-00Z",
    createdAt: AT,
    lathe: {
      version: "0.1.0",
      commit: "0123456789abcdef".repeat(3).slice(0, 40),
      dirty: false,
      agent: "a1b2c3",
      node: "v24.0.0",
    },
    machines: base.machines.map(madeUp),
    servers: base.servers.map((s) => ({
      ...s,
      image: `registry.lab:5000/lathe/stand-in@sha256:${"5e".repeat(32)}`,
      settings: SETTINGS,
      models: s.models.map((model) => ({
        ...model,
        name: named(model.name),
        timingOnly: model.paperModel === "rfcn",
        ...(model.paperModel === "ssd" ? { labels: "coco" } : {}),
      })),
    })),
    readBack: Object.fromEntries(
      base.servers.map(({ id }) => [
        id,
        id === "edge" && hostile !== undefined
          ? { unread: hostile }
          : {
              ...{ imageId: "sha256:1", containerId: "c", startedAt: AT, running: true, restartCount: 0, cpuSet: "0" },
              ...{ nanoCpus: 0, memoryBytes: 4 * 2 ** 30, env: SETTINGS },
            },
      ]),
    ),
    cells: base.cells.map((c) => {
      const cell = { ...c, model: named(c.model) };
      return { ...cell, id: cellId(cell) };
    }),
    remarks: [
      "Server on client, cloud, edge: Lathe's stand-in (the API over the real runtime), not the real server's binary.",
      "Model rfcn-resnet101: true architecture, random weights. Its time is real, its detections mean nothing.",
      "These hosts are namespaces on one machine; they play separate machines and share its processor, memory bus and disk.",
      ...(hostile === undefined ? [] : [hostile]),
    ],
  };
}

/** A machine with the facts of `MACHINES`. */
function madeUp(machine: Machine): Machine {
  const m = MACHINES[machine.id];
  const allowed = [0, 1].slice(0, m?.cores);
  return {
    ...machine,
    facts: {
      ...machine.facts,
      ...{ os: "Debian GNU/Linux 12 (bookworm)", kernel: "6.1.0", memoryBytes: 8 * 2 ** 30 },
      cpu: { model: "Made-up Xeon at 2.8 GHz", logical: [], allowed, quotaCpus: m?.quota ?? null },
    },
  };
}

const SETTINGS = { OMP_NUM_THREADS: "1", TENSORFLOW_INTRA_OP_PARALLELISM: "1", TENSORFLOW_INTER_OP_PARALLELISM: "2" };

/** A made-up journal: times with noise from round to round, a cell that failed, one that drifted and one disturbed. */
export function* sampleJournal(
  manifest: RunManifest,
  { rounds = 4, hostile }: SampleOptions = {},
): Generator<JournalRecord> {
  const stream = random(5);
  const failing = manifest.cells.find((c) => c.server === "edge" && !c.local && c.image === "image-4");
  const disturbed = manifest.cells.find((c) => c.client === "rest" && c.image === "image-9");
  const visited = new Map<string, number>();
  const pixels = new Map(manifest.images.map((i) => [i.name, i.width * i.height]));
  let clock = Date.parse(AT);
  for (let round = 0; round < rounds; round++) {
    const roundFactor = Math.exp(0.01 * stream.normal());
    for (const cell of manifest.cells) {
      const slow = cell.model.startsWith("rfcn");
      if (slow && round >= Math.max(1, rounds / 2)) continue;
      const where = { cell: cell.id, round, at: new Date(clock).toISOString() };
      if (cell === failing) {
        const message = hostile ?? "14 UNAVAILABLE: connect ECONNREFUSED 10.77.0.4:8500";
        yield { type: "failure", ...where, error: { code: "UNAVAILABLE", message } };
        continue;
      }
      visited.set(cell.id, (visited.get(cell.id) ?? 0) + 1);
      const calls = Array.from({ length: slow ? 2 : 5 }, () =>
        call(cell, roundFactor, stream, pixels.get(cell.image) ?? 1),
      );
      for (const made of calls) yield { ...made, ...where };
      const spanMs = calls.reduce((sum, { totalMs }) => sum + totalMs, 0);
      clock += spanMs + 100;
      const sumMs = calls.reduce((sum, { waitMs }) => sum + 0.95 * waitMs, 0);
      const total = { count: calls.length, sumMs, stepMs: 0.001 };
      const server = { requests: total, runs: { ...total, sumMs: 0.9 * sumMs } };
      const reasons = cell === disturbed ? [hostile ?? "the event loop was late by 35 ms (p99)"] : [];
      const warmup = { calls: 1, ended: "steady" } as const;
      yield { type: "visit", ...where, warmup, client: { ...QUIET, spanMs }, server, disturbed: reasons };
    }
  }
  for (const cell of manifest.cells) {
    const visits = visited.get(cell.id) ?? 0;
    const n = visits * (cell.model.startsWith("rfcn") ? 2 : 5);
    const stable = n < 30 ? null : cell !== disturbed;
    const reason = visits === 0 ? "failed" : n < 20 ? "budget" : "requests";
    yield { type: "end", cell: cell.id, round: rounds, at: AT, reason, n, precision: visits < 2 ? null : 0.03, stable };
  }
}

const QUIET = {
  ...{ loopMeanMs: 0.1, loopP99Ms: 0.3, loopMaxMs: 0.5, loopBusy: 0.1, ownWorkMs: 0.1 },
  ...{ gcPauses: 0, gcMs: 0, gcMaxMs: 0 },
};

function call(cell: Cell, roundFactor: number, stream: Random, pixels: number) {
  const machine = MACHINES[cell.serverMachine];
  const speed = machine?.speed ?? 1;
  const image = Number(cell.image.replace("image-", ""));
  const compute = cell.model === "null" ? 0.4 : cell.model.startsWith("rfcn") ? 2600 : 62 + 3 * (image % 4);
  const noise = () => Math.exp(0.03 * stream.normal() + (stream.below(20) === 0 ? 0.15 : 0));
  const rest = cell.protocol === "rest";
  const network = cell.local ? 0 : (machine?.networkMs ?? 0) * (rest ? 3 : 1);
  const encodeMs = (rest ? 6 : 0.12) * noise();
  const sendMs = (rest ? 3.8 : 0.8) * noise();
  const waitMs = ((compute + (rest ? 22 : 1.5)) * speed + network) * roundFactor * noise();
  const [receiveMs, decodeMs] = [0.04 * noise(), 0.3 * noise()];
  return {
    ...{ type: "call" as const, phase: "measure" as const, ok: true, encodeMs, sendMs, waitMs, receiveMs, decodeMs },
    totalMs: encodeMs + sendMs + waitMs + receiveMs + decodeMs,
    ...{ requestBytes: Math.round(pixels * (rest ? 12 : 3)), responseBytes: 12_000 },
  };
}

/** Made-up answers of the trained model: the same few objects from all that were asked about an image. */
function sampleAnswers(manifest: RunManifest) {
  const trained = manifest.servers[0]?.models.find((m) => m.paperModel === "ssd")?.name;
  return manifest.cells
    .filter((c) => c.model === trained)
    .map((c) => {
      const image = Number(c.image.replace("image-", ""));
      const detections = Array.from({ length: 1 + (image % 4) }, (_, i) => ({
        ...{ classId: 1 + 16 * i, score: 0.95 - 0.12 * i },
        box: { top: 0.1 + 0.15 * i, left: 0.08 + 0.2 * i, bottom: 0.55 + 0.1 * i, right: 0.35 + 0.2 * i },
      }));
      const outputs = Object.entries(answerOf(detections)).map(([name, t]) => [name, { dtype: "DT_FLOAT", ...t }]);
      return { cell: c.id, outputs: Object.fromEntries(outputs) as Record<string, unknown> };
    });
}

/** A photograph that shows a slope of colour. */
function samplePhotograph({ name, width, height }: ImageInfo) {
  const rgb = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      rgb.set([(200 * x) / width, (180 * y) / height, 90 + (100 * (x + y)) / (width + height)], 3 * (y * width + x));
  return { name, width, height, rgb: rgb.toString("base64") };
}

/** Writes a made-up run into a folder, as `npx lathe bench` would have. */
export async function writeSampleRun(dir: string, options: SampleOptions = {}): Promise<RunManifest> {
  const manifest = RunManifest.parse(sampleRunManifest(options));
  const lines = (records: Iterable<object>) => [...records].map((r) => `${JSON.stringify(r)}\n`).join("");
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "run.json"), JSON.stringify(manifest));
  await writeFile(join(dir, "answers.jsonl"), lines(sampleAnswers(manifest)));
  const journal = [...sampleJournal(manifest, options)].map((r) => ({ v: RECORDS_VERSION, ...r }));
  await writeFile(join(dir, "records.jsonl"), lines(journal));
  if (options.photographs === true) await keepPhotographs(dir, manifest.images.map(samplePhotograph));
  return manifest;
}
