import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../bench/matrix/limits.ts";
import { parseExperiments } from "../bench/matrix/experiments/load.ts";
import { expand } from "../bench/plan/expand.ts";
import type { JournalRecord } from "../bench/records/records.ts";
import type { WorkerLink } from "../bench/run/agent/link.ts";
import { runMatrix } from "../bench/run/rounds.ts";
import { callMessage } from "../bench/testing/calls.ts";
import { NOTHING_CHOSEN } from "../bench/testing/experiments.ts";
import { sampleMachine, sampleModel, sampleServer } from "../bench/testing/sample-run.ts";
import { repoRoot } from "../lib/paths.ts";
import { BUDGET_MINUTES, OPTIONS } from "./options.ts";

const IMAGES = Array.from({ length: 10 }, (_, i) => i + 1);
const MACHINES = ["client", "cloud", "edge"];
/** Milliseconds of a call, by model and server machine, as a demo on two idle cores measured them; with these the matrix of ten photographs of
 * each model visited 168 of its 300 cells once. */
const CALL_MS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "rfcn-resnet101": { client: 3050, cloud: 2600, edge: 4300 },
  "ssd-mobilenet": { client: 80, cloud: 70, edge: 115 },
  null: { client: 25, cloud: 25, edge: 35 },
};
/** What a visit takes besides its calls. */
const VISIT_MS = 60;

test("the demo's time is enough to visit every cell of its matrix three times", async () => {
  const file = readFileSync(join(repoRoot, "demo/experiments.yaml"), "utf8");
  const experiments = parseExperiments(file, "demo/experiments.yaml", { images: IMAGES });
  const models = Object.keys(CALL_MS).map(sampleModel);
  const servers = MACHINES.map((id) => sampleServer(id, models));
  const available = { machines: MACHINES.map(sampleMachine), servers, images: IMAGES.map((i) => `image-${i}`) };
  // As demo.ts asks for.
  const requests = Number(OPTIONS.requests.default);
  const budgetMs = BUDGET_MINUTES.paper * 60_000;
  const limits = { ...DEFAULT_LIMITS, requests, blockRequests: 5, warmupRequests: 1, precision: null, budgetMs };
  const { cells } = expand(experiments, available, { ...NOTHING_CHOSEN, clientKinds: ["probe", "rest"] }, limits);
  expect(cells).toHaveLength(5 * 2 * (10 + 10 + 2));

  let nowMs = 0;
  const visits = new Map<string, Set<number>>();
  const link = (at: string): WorkerLink => ({
    sendImage: () => Promise.resolve(),
    sendSecurity: () => Promise.resolve(),
    close: () => Promise.resolve(),
    gone: () => false,
    visit(m, onOutcome) {
      nowMs += VISIT_MS;
      const callMs = CALL_MS[m.model]?.[at] ?? NaN;
      const begun = nowMs + m.warmup * callMs;
      for (let i = 0; i < m.warmup + m.calls && (i <= m.warmup || nowMs - begun < m.blockMs); i++) {
        nowMs += callMs;
        onOutcome(callMessage({ visit: m.visit, phase: i < m.warmup ? "warmup" : "measure", totalMs: callMs }));
      }
      return Promise.resolve({ warmup: { calls: m.warmup, ended: "calls" as const } });
    },
  });
  let at = "";
  await runMatrix({
    ...{ cells, limits, seed: 1, already: new Map(), ended: new Set(), firstRound: 0 },
    route: (cell) => {
      at = cell.serverMachine;
      return { address: "127.0.0.1", port: 1 };
    },
    link: () => Promise.resolve({ ...link(""), visit: (m, onOutcome) => link(at).visit(m, onOutcome) }),
    record: (r: JournalRecord) => {
      if (r.type === "call" && r.phase === "measure")
        visits.set(r.cell, (visits.get(r.cell) ?? new Set()).add(r.round));
    },
    answer: () => {},
    onStatus: () => {},
    now: () => nowMs,
  });
  const fewest = Math.min(...cells.map((c) => visits.get(c.id)?.size ?? 0));
  expect(fewest).toBeGreaterThanOrEqual(3);
  // A round more at most than the budget asks for.
  expect(nowMs).toBeLessThan(budgetMs + 30_000);
});
