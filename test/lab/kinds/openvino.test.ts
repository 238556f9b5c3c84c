import { describeKind } from "./harness.ts";

describeKind({
  kind: "openvino",
  settings: { threads: 2 },
  outputs: {
    ...{ standIn: true, build: "cpu" },
    settings: {
      ...{ PERFORMANCE_HINT: "LATENCY", INFERENCE_NUM_THREADS: "2" },
      ...{ INFERENCE_PRECISION_HINT: "f32", ENABLE_CPU_PINNING: "false" },
    },
  },
  tolerance: { score: 1e-5, box: 2e-6 },
  tooLittleMiB: 64,
  saysDamaged: /NOT_FOUND.*not loaded yet/,
});
