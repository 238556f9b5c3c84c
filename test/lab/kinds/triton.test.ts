import { expect } from "vitest";
import { describeKind, killChildren } from "./harness.ts";

/* Triton itself, with Lathe's backend for TensorFlow: its models run in processes of their own. */

describeKind({
  kind: "triton",
  settings: { instances: 1, intraOp: 1 },
  outputs: {
    standIn: false,
    build: "other",
    settings: expect.objectContaining({
      ...{ "instance_group.count": "1", max_batch_size: "0", TF_NUM_INTRA_THREADS: "1", "shm-size": "64m" },
    }) as Record<string, string>,
  },
  tolerance: { score: 1e-5, box: 1e-5 },
  tooLittleMiB: 300,
  saysDamaged: /ssd-mobilenet.*(no available versions|is not (found|ready))|Can't parse/,
  worker: { kill: killChildren, says: /Stub process '\S+' is not healthy/ },
});
