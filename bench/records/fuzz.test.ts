import { expect, test, vi } from "vitest";
import { fuzz, fuzzAsync, nearBytes, nearJson, nearText, refusedInWords } from "../../lib/testing/fuzz.ts";
import { messageOfLine } from "../run/agent/protocol.ts";
import { answerOfLine } from "./answers.ts";
import { decodeDetections } from "../stats/detections/decode.ts";
import { manifestOf } from "./manifest.ts";
import { RECORDS_VERSION, recordsOf } from "./records.ts";
import { sampleCalls, sampleManifest } from "../testing/sample-run.ts";
import { outputsOfText, readDeployments } from "../targets/deployments.ts";

vi.setConfig({ testTimeout: 300_000 });

/** A run of three cells: the whole one would only take time to change ten thousand times. */
const MANIFEST = { ...sampleManifest() };
const RUN = {
  ...MANIFEST,
  cells: MANIFEST.cells.slice(0, 3),
  images: MANIFEST.images.slice(0, 2),
  machines: MANIFEST.machines.slice(0, 1),
  servers: MANIFEST.servers.slice(0, 1),
};
const OUTPUTS = {
  schema: "lathe.outputs/2",
  machine: MANIFEST.machines[0],
  servers: MANIFEST.servers.slice(0, 2).map((s) => ({ ...s, machineId: MANIFEST.machines[0]?.id })),
};

const VISIT = {
  type: "visit",
  cell: "a",
  round: 0,
  at: "2026-01-01T00:00:00.000Z",
  warmup: { calls: 3, ended: "steady" },
  client: {
    ...{ spanMs: 1, loopMeanMs: 1, loopP99Ms: 1, loopMaxMs: 1, loopBusy: 0.5 },
    ...{ ownWorkMs: 1, gcPauses: 0, gcMs: 0, gcMaxMs: 0 },
  },
  disturbed: [],
};
const LINES = [
  ...sampleCalls(RUN.cells, 2),
  {
    v: RECORDS_VERSION,
    type: "failure",
    cell: "a",
    round: 1,
    at: "x",
    error: { code: "UNAVAILABLE", message: "refused" },
  },
  { v: RECORDS_VERSION, ...VISIT },
  {
    v: RECORDS_VERSION,
    type: "end",
    cell: "a",
    round: 1,
    at: "x",
    reason: "precision",
    n: 30,
    precision: 0.01,
    stable: null,
  },
];

test("a stack's outputs with any faults are taken, or refused with the file and the field", () => {
  fuzz(
    0.6,
    nearJson([OUTPUTS]).map((v) => JSON.stringify(v)),
    (text) => void refusedInWords(() => outputsOfText(text, "edge.json"), /^edge\.json: /),
  );
  fuzz(
    0.2,
    nearText([JSON.stringify(OUTPUTS, null, 1)]),
    (text) => void refusedInWords(() => outputsOfText(text, "edge.json"), /^edge\.json: /),
  );
});

test("what pulumi prints with any faults is taken, or refused with the command or the stack", async () => {
  const names = /pulumi|stack|machine/;
  const listed = JSON.stringify([{ name: "edge", resourceCount: 9 }, { name: "cloud" }]);
  const printed = JSON.stringify({ lathe: OUTPUTS, servers: ["x"] });
  await fuzzAsync(0.2, nearText([listed, printed]), async (text) => {
    const pulumi = (args: readonly string[]) =>
      Promise.resolve(args.includes("ls") === text.startsWith("[") ? text : printed);
    const [ended] = await Promise.allSettled([readDeployments(pulumi, undefined)]);
    refusedInWords(() => {
      if (ended.status === "rejected") throw ended.reason;
    }, names);
  });
});

test("a run's manifest with any faults is taken, or refused with the file and the field", () => {
  fuzz(
    0.3,
    nearJson([RUN]).map((v) => JSON.stringify(v)),
    (text) => void refusedInWords(() => manifestOf(text, "runs/x/run.json"), /^runs\/x\/run\.json: /),
  );
  fuzz(
    0.1,
    nearText([JSON.stringify(RUN, null, 1)]),
    (text) => void refusedInWords(() => manifestOf(text, "runs/x/run.json"), /^runs\/x\/run\.json: /),
  );
});

test("records with any faults are taken, left out where a kill tore them, or refused with file and line", () => {
  const read = (text: string, torn: boolean) => {
    let tornLines = 0;
    const lines = text.split("\n");
    const ending = refusedInWords(
      () => [...recordsOf({ lines, first: 1, torn }, "r.jsonl", () => tornLines++)],
      /^r\.jsonl:\d+: /,
    );
    expect(tornLines).toBeLessThanOrEqual(lines.length);
    return ending;
  };
  fuzz(
    0.4,
    nearJson(LINES).map((v) => JSON.stringify(v)),
    (line) => void read(line, false),
  );
  const whole = LINES.map((line) => JSON.stringify(line)).join("\n");
  fuzz(0.2, nearBytes([Buffer.from(whole)]), (bytes) => void read(bytes.toString("utf8"), true));
});

const tensor = (shape: number[], values: (number | null)[]) => ({ dtype: "DT_FLOAT", shape, values });
const OUTPUTS_OF_A_CALL = {
  detection_boxes: tensor([1, 2, 4], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
  detection_classes: tensor([1, 2], [1, 17]),
  detection_scores: tensor([1, 2], [0.9, null]),
  num_detections: tensor([1], [2]),
};

test("kept answers with any faults are detections, something else, malformed, or refused with file and line", () => {
  const seen = { detections: 0, other: 0, malformed: 0, refused: 0 };
  fuzz(0.2, nearJson([{ cell: "a", outputs: OUTPUTS_OF_A_CALL }]), (value) => {
    const ending = refusedInWords(() => {
      const found = answerOfLine(JSON.stringify(value), "answers.jsonl:1", false);
      if (found !== undefined) seen[decodeDetections(found.outputs).kind] += 1;
    }, /^answers\.jsonl:1: /);
    if (!ending.taken) seen.refused += 1;
  });
  expect(seen.malformed).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
});

test("what an agent says with any faults is a message, or refused with the machine's name; NaN comes as NaN", () => {
  const answer = { type: "answer", visit: 1, outputs: OUTPUTS_OF_A_CALL };
  const said = [answer, { ...VISIT, type: "visited", visit: 1 }, { type: "hello", node: "v24", hostname: "h", pid: 1 }];
  fuzz(
    0.2,
    nearText(said.map((m) => JSON.stringify(m))),
    (line) => void refusedInWords(() => messageOfLine(line, '"edge"'), /^the agent on "edge" said/),
  );
  const read = messageOfLine(JSON.stringify(answer), '"edge"');
  expect(read.type === "answer" && read.outputs["detection_scores"]?.values).toEqual([0.9, NaN]);
});
