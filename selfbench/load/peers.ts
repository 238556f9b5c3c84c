import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { repoRoot } from "../../lib/paths.ts";
import { run } from "../../lib/run.ts";
import { MODEL } from "../clients/payload.ts";
import { type Bed, type Generator, type Job, type Said, program } from "./generator.ts";

/*
 * The other generators, each as its manual says to make calls at a fixed rate over kept connections, and what each prints.
 * wrk2 is in no registry, and k6's licence (AGPL) keeps it out of ours.
 */

const Ghz = z.object({
  count: z.number(),
  statusCodeDistribution: z.record(z.string(), z.number()),
  // Without calls that ended well there is none.
  latencyDistribution: z.array(z.object({ percentage: z.number(), latency: z.number() })).nullable(),
});

/** What ghz's JSON says. Its latencies are nanoseconds. */
export function ghzSaid(text: string): Said {
  const { count, statusCodeDistribution, latencyDistribution } = Ghz.parse(JSON.parse(text));
  const ms = (percentage: number) =>
    (latencyDistribution?.find((p) => p.percentage === percentage)?.latency ?? NaN) / 1e6;
  return { calls: count, failed: count - (statusCodeDistribution["OK"] ?? 0), p50Ms: ms(50), p99Ms: ms(99) };
}

/** A percentile of no calls is null. */
const seconds = z
  .number()
  .nullable()
  .transform((value) => (value ?? NaN) * 1000);
const Oha = z.object({
  latencyPercentiles: z.object({ p50: seconds, p99: seconds }),
  statusCodeDistribution: z.record(z.string(), z.number()),
  errorDistribution: z.record(z.string(), z.number()),
});

/** What oha's JSON says. Calls that were under way when its time was up count as errors of that name there, and not here. */
export function ohaSaid(text: string): Said {
  const { latencyPercentiles, statusCodeDistribution, errorDistribution } = Oha.parse(JSON.parse(text));
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  const failed = sum(errorDistribution) - (errorDistribution["aborted due to deadline"] ?? 0);
  const calls = sum(statusCodeDistribution) + failed;
  return {
    ...{ calls, failed: calls - (statusCodeDistribution["200"] ?? 0) },
    ...{ p50Ms: latencyPercentiles.p50, p99Ms: latencyPercentiles.p99 },
  };
}

const Vegeta = z.object({
  requests: z.number(),
  status_codes: z.record(z.string(), z.number()),
  latencies: z.object({ "50th": z.number(), "99th": z.number() }),
});

/** What vegeta's JSON report says. Its latencies are nanoseconds. */
export function vegetaSaid(text: string): Said {
  const { requests, status_codes, latencies } = Vegeta.parse(JSON.parse(text));
  const failed = requests - (status_codes["200"] ?? 0);
  return { calls: requests, failed, p50Ms: latencies["50th"] / 1e6, p99Ms: latencies["99th"] / 1e6 };
}

const url = (bed: Bed) => `http://127.0.0.1:${bed.restPort}/v1/models/${MODEL}:predict`;

function ghz(name: string, more: readonly string[]): Generator {
  const start = (job: Job, bed: Bed) => {
    const report = join(bed.files.folder, "ghz.json");
    const args = [
      ["--insecure", "--import-paths", join(repoRoot, "protos")],
      ["--proto", join(repoRoot, "protos", "tensorflow_serving", "apis", "prediction_service.proto")],
      ["--call", "tensorflow.serving.PredictionService.Predict", "--binary-file", bed.files.grpcRequest],
      ["--connections", String(job.connections), "--concurrency", String(job.connections)],
      ["--rps", String(job.ratePerSecond), "--total", String(job.ratePerSecond * job.seconds), "--timeout", "30s"],
      ["--format", "json", "--output", report, ...more, `127.0.0.1:${bed.grpcPort}`],
    ].flat();
    return program([bed.programs.ghz, ...args], bed.pinned, async () => ghzSaid(await readFile(report, "utf8")));
  };
  return { name, protocol: "grpc", ours: false, start };
}

function oha(name: string, more: readonly string[]): Generator {
  const start = (job: Job, bed: Bed) => {
    const args = [
      ["--no-tui", "--output-format", "json", "-c", String(job.connections), "-q", String(job.ratePerSecond)],
      ["-z", `${job.seconds}s`, "-m", "POST", "-T", "application/json", "-D", bed.files.restRequest, ...more, url(bed)],
    ].flat();
    return program([bed.programs.oha, ...args], bed.pinned, ohaSaid);
  };
  return { name, protocol: "rest", ours: false, start };
}

const vegeta: Generator = {
  ...{ name: "vegeta", protocol: "rest", ours: false },
  start(job, bed) {
    const output = join(bed.files.folder, "vegeta.bin");
    const targets = join(bed.files.folder, "vegeta.txt");
    const connections = String(job.connections);
    const args = [
      ["attack", "-targets", targets, "-body", bed.files.restRequest, "-rate", `${job.ratePerSecond}/1s`],
      ["-duration", `${job.seconds}s`, "-workers", connections, "-connections", connections, "-output", output],
    ].flat();
    return program([bed.programs.vegeta, ...args], bed.pinned, async () =>
      vegetaSaid(await run([bed.programs.vegeta, "report", "-type=json", output])),
    );
  },
};

/** What vegeta calls, for its file of targets. */
export const vegetaTargets = (bed: Bed) => `POST ${url(bed)}\nContent-Type: application/json\n`;

/** The generators whose lag is compared with ours. */
export const PEERS: readonly Generator[] = [ghz("ghz", []), oha("oha", []), vegeta];

/** Those that can correct what they report for coordinated omission, told to. */
export const CORRECTED: readonly Generator[] = [
  ghz("ghz --async", ["--async"]),
  oha("oha --latency-correction", ["--latency-correction"]),
];
