import { quote } from "../../../lib/quote.ts";
import { describeKind } from "./harness.ts";

/** Its first process is the shell that started it; below that are TorchServe's own, Java, and the workers. */
const killWorkers = (container: string): string =>
  `top=$(docker inspect --format '{{.State.Pid}}' ${quote(container)}); pkill -9 -P $(pgrep -P $(pgrep -P $top | head -n 1) | head -n 1)`;

describeKind({
  kind: "torchserve",
  outputs: {
    standIn: false,
    build: "0.12.0",
    settings: { OMP_NUM_THREADS: "2", TS_DEFAULT_WORKERS_PER_MODEL: "1", TORCH_NUM_THREADS: "2" },
  },
  // Scores differ by up to 2e-6; 8e-7 and 3e-7 were found.
  tolerance: { score: 2e-6, box: 2e-6 },
  decodesItself: true,
  tooLittleMiB: 500,
  saysDamaged: /no worker to serve|Worker died/,
  worker: { kill: killWorkers, says: /Worker died|no worker to serve/ },
});
