import { formatMs } from "../../format/numbers.ts";
import { when } from "../../format/when.ts";
import { pooledGroups, pooledUnderLoad } from "../answer/pooled.ts";
import { rights, table } from "../blocks.ts";
import type { Section } from "../section.ts";
import { modelTitle } from "./caveats.ts";

/** Quantiles of all calls of a place, protocol and model. */
export const latencySection: Section = {
  id: "latency",
  title: "Latency by place, protocol and model",
  short: "Latency",
  blocks(inputs) {
    const loaded = new Set(pooledUnderLoad(inputs));
    const plain = pooledGroups(inputs).filter((g) => !loaded.has(g));
    // A model's rows stand together.
    const groups = [...Map.groupBy(plain, (g) => g.model).values()].flat();
    if (groups.length === 0) return [];
    const shown = (ms: number | null) => (ms === null ? "" : formatMs(ms));
    const errors = groups.some((g) => g.errors > 0);
    return [
      table({
        columns: [
          "model",
          "from → to",
          "protocol",
          ...rights("p50, ms", "p95, ms", "p99, ms", "max, ms", "calls", "visits", ...when(errors, "errors")),
        ],
        rows: groups.map((g) => [
          ...[modelTitle(inputs.manifest, g.model), g.place, g.protocol],
          ...[g.p50Ms, g.p95Ms, g.p99Ms, g.maxMs].map(shown),
          ...[String(g.calls), String(g.visits), ...when(errors, String(g.errors))],
        ]),
        notes: ["All calls to all images together; p95 from 72 calls on, p99 from 368 on."],
        method: "quantiles",
      }),
    ];
  },
  json: (inputs) => ({ pooled: pooledGroups(inputs) }),
};
