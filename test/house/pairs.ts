import { z } from "zod";
import type { LoadMode } from "../../bench/loads/load.ts";

const pairs = z.number("a whole number").int("a whole number").min(1, "1 or more");
const Pairs = z.object({ mode: z.literal("pairs"), pairs });
type Pairs = z.infer<typeof Pairs>;

/** So many pairs of calls at a time: the next ones begin when all have their answers. */
export const pairsMode: LoadMode<Pairs> = {
  mode: "pairs",
  schema: Pairs,
  keys: { pairs },
  fromExperiment: (keys) => (keys["pairs"] ?? []).map((n) => ({ mode: "pairs", pairs: n })),
  title: ({ pairs }) => `pairs of ${2 * pairs}`,
  isPlain: () => false,
  connections: ({ pairs }) => 2 * pairs,
  leadIn: () => 0,
  expectedMs: ({ pairs }, calls, callMs) => (calls * callMs) / (2 * pairs),
  async run({ pairs }, { calls, blockMs }, { call, done, clock }) {
    const begunAt = clock.now();
    let failed = false;
    for (let made = 0; made < calls && !failed; made += 2 * pairs) {
      if (made > 0 && clock.now() - begunAt > blockMs) return;
      const startAt = clock.now();
      const connections = Array.from({ length: Math.min(2 * pairs, calls - made) }, (_, i) => i);
      const results = await Promise.all(connections.map(call));
      failed = results.some((result) => !result.ok);
      for (const result of results) done({ result, startAt, intendedAt: null, leadIn: false });
    }
  },
};
