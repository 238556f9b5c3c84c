import { parse } from "yaml";
import { expect, test, vi } from "vitest";
import { fuzz, nearJson, nearText, refusedInWords } from "../../../lib/testing/fuzz.ts";
import { type Limits, DEFAULT_LIMITS } from "../limits.ts";
import { expand } from "../../plan/expand.ts";
import { parseExperiments } from "./load.ts";
import { NOTHING_CHOSEN } from "../../testing/experiments.ts";
import { sampleMachine, sampleModel, sampleServer } from "../../testing/sample-run.ts";

vi.setConfig({ testTimeout: 300_000 });

const machines = ["client", "edge"];
const known = { images: [1, 2, 3, 7], machines, servers: [...machines, "made-up"], models: ["ssd", "null"] };
const available = {
  machines: machines.map(sampleMachine),
  servers: [sampleServer("client", [sampleModel("null")]), sampleServer("edge", ["null", "ssd"].map(sampleModel))],
  images: ["image-1", "image-2"],
};
const PLACE = /^bench\.yaml:\d+:\d+: /;

/** Every key once. (The example's comments would only take time to read ten thousand times.) */
const FILE = `defaults: { precision: 2 %, limits: { requests: 100, timeoutSeconds: 10 } }
experiments:
  - name: local
    about: x
    clientMachines: same
    models: [ssd, null]
    images: [1, image-2]
    protocols: [grpc, rest]
    encodings: lists
  - name: remote
    clientMachines: client
    serverMachines: others
    servers: [edge, made-up]
    clientKinds: [probe]
    concurrency: [1, 2]
    ratePerSecond: 5
    precision: none
    thresholds: [p95 < 80 ms, ratio to last run < 1.05]
    limits: { minRequests: 3, blockSeconds: 1.5, warmupRequests: 0 }
`;

/** Experiments that are taken must also make cells, or none. */
function readAndExpand(text: string): void {
  const experiments = parseExperiments(text, "bench.yaml", known);
  expand(experiments, available, NOTHING_CHOSEN, DEFAULT_LIMITS satisfies Limits);
}

test("a file of experiments with any faults in its text is taken, or refused with file, line and column", () => {
  let refused = 0;
  fuzz(0.5, nearText([FILE]), (text) => {
    if (!refusedInWords(() => readAndExpand(text), PLACE).taken) refused += 1;
  });
  expect(refused).toBeGreaterThan(0);
});

test("and so is one with any faults in its values", () => {
  // JSON is YAML.
  fuzz(
    0.5,
    nearJson([parse(FILE) as unknown]).map((v) => JSON.stringify(v)),
    (text) => void refusedInWords(() => readAndExpand(text), PLACE),
  );
});

test("a file whose aliases would grow without bound, and one that holds itself, are refused", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ...[..."bcdefghi"].map((k, i) => `${k}: &${k} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(",")}]`),
  ];
  expect(refusedInWords(() => readAndExpand(bomb.join("\n")), PLACE).taken).toBe(false);
  expect(refusedInWords(() => readAndExpand("experiments: &a [*a]\n"), PLACE).taken).toBe(false);
});
