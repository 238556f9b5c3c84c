import { expect, it } from "vitest";
import { manifestOf } from "../../testing/studies.ts";
import { reportInputs } from "../index.ts";
import { titleOf } from "./title.ts";
import type { Pooled } from "./types.ts";

const inputs = reportInputs(manifestOf({ placements: [["client", "edge"]], images: [] }), {});
const at = (askedPerSecond: number, more: Partial<Pooled> = {}): Pooled => ({
  ...{ levels: {}, place: "client → edge", protocol: "gRPC", model: "ssd", load: `x8 ${askedPerSecond}/s` },
  ...{ calls: 60, visits: 3, p50Ms: null, p95Ms: null, p99Ms: null, maxMs: 90, errors: 0, behind: false },
  ...{ askedPerSecond, achievedPerSecond: askedPerSecond },
  ...more,
});
const title = (...loads: readonly Pooled[]) => titleOf(inputs, [], loads).title;
const behind = { behind: true, untold: { kind: "behind", why: "the server fell behind" } } as const;
const invalid = { achievedPerSecond: null, untold: { kind: "invalid", why: "the client let calls wait" } } as const;

it("a run under load whose calls are too few for percentiles has the rate that was kept in its title, and never a dash", () => {
  expect(title(at(2), at(30, behind))).toBe("ssd over gRPC (client → edge) keeps 2 calls/s, falls behind at 30");
  expect(title(at(2, { p50Ms: 40, p95Ms: 58 }), at(30, behind))).toBe(
    "ssd over gRPC (client → edge) keeps 2 calls/s at p95 58.0 ms, falls behind at 30",
  );
  expect(title(at(30, behind))).toBe("ssd over gRPC (client → edge) falls behind at 30 calls/s already");
});

it("a run under load of which nothing can be told says why in its title", () => {
  expect(title(at(2, invalid), at(5, { ...invalid, errors: 3 }))).toBe(
    "No valid latencies: the client was no good generator of calls at 2 of 2 loads; 3 calls failed",
  );
  expect(title(at(2, { ...invalid, untold: { kind: "load", why: "all at once" } }))).toBe(
    "No latencies under load: all at once",
  );
  expect(title(at(2, { achievedPerSecond: null }))).toBe("No latencies under load: too few calls");
  const offline = { askedPerSecond: null, load: "offline", untold: { kind: "load", why: "all at once" } } as const;
  expect(title(at(1, { ...offline, achievedPerSecond: 12.34 }))).toBe(
    "ssd over gRPC (client → edge) answers 12.3 calls/s under load offline",
  );
});
