import { killChildren } from "./harness.ts";
import type { KindInLab } from "./on-host.ts";

/** What the three web frameworks' tests have in common: two workers, so that one may die while the other serves. */
export const web = (kind: string): KindInLab => ({
  kind,
  settings: { workers: 2, parser: "simdjson" },
  outputs: {
    ...{ standIn: false, build: kind },
    settings: {
      ...{ OMP_NUM_THREADS: "1", TENSORFLOW_INTER_OP_PARALLELISM: "2", TENSORFLOW_INTRA_OP_PARALLELISM: "1" },
      ...{ WEB_CONCURRENCY: "2", WEB_PARSER: "simdjson", WEB_THREADS: "4" },
    },
  },
  // The same session as the reference's: JSON gives floats back as they were.
  tolerance: { score: 1e-5, box: 1e-5 },
  tooLittleMiB: 300,
  saysDamaged: /model ssd-mobilenet version 1 cannot be loaded: Can't parse/,
  worker: { kill: killChildren, says: /UNAVAILABLE/ },
});
