import { expect } from "vitest";
import { quote } from "../../../lib/quote.ts";
import { describeKind } from "./harness.ts";

/**
 * Its first process is the shell that started it; below that are TorchServe's own, Java, and the workers. TorchServe starts another worker
 * at once, sometimes between two calls: so those die as well, for ten seconds.
 */
const killWorkers = (container: string): string =>
  `top=$(docker inspect --format '{{.State.Pid}}' ${quote(container)}); java=$(pgrep -P $(pgrep -P $top | head -n 1) | head -n 1)
for i in $(seq 40); do pkill -9 -P $java || true; sleep 0.25; done`;

describeKind({
  kind: "torchserve",
  outputs: {
    standIn: false,
    build: "0.12.0",
    note: expect.stringContaining("maintenance has ended") as string,
    settings: { OMP_NUM_THREADS: "1", TORCH_NUM_THREADS: "1", TS_DEFAULT_WORKERS_PER_MODEL: "2" },
  },
  settings: { workers: 2, omp: 1 },
  // Scores differ by up to 2e-6; 8e-7 and 3e-7 were found.
  tolerance: { score: 2e-6, box: 2e-6 },
  decodesItself: true,
  tooLittleMiB: 500,
  saysDamaged: /runs, but its health test fails/,
  // The call under way fails by the first, those that come before there is another worker by the second.
  worker: { kill: killWorkers, says: /Worker died|no answer within/ },
});
