import { describe, expect, it } from "vitest";
import type { Cell } from "../matrix/cell.ts";
import { random } from "./math/random.ts";
import { manifestOf, studyOf } from "../testing/studies.ts";
import { ask, callerOf, questions } from "./choices.ts";
import { simultaneous } from "./effects/contrast.ts";

const images = ["image-1", "image-2", "image-3"].map((name, i) => ({ name, fileBytes: 100 * (i + 1) }));
const manifest = manifestOf({
  placements: [
    ["client", "client"],
    ["client", "cloud"],
    ["client", "edge"],
    ["edge", "edge"],
  ],
  images,
});

/** A run with known truth: milliseconds of a cell, and noise from visit to visit. */
function study(truthMs: (c: Cell) => number, { rounds = 6, noise = 0.02, seed = 3 } = {}) {
  const stream = random(seed);
  return studyOf(manifest, rounds, (c) => {
    const visit = Math.exp(noise * stream.normal());
    return Array.from({ length: 5 }, () => ({ totalMs: truthMs(c) * visit * Math.exp(0.005 * stream.normal()) }));
  });
}

const byServer = (ms: Readonly<Record<string, number>>) => (c: Cell) =>
  (ms[c.server] ?? 1) * (c.model === "ssd-mobilenet" ? 1 : 9);
const find = (s: ReturnType<typeof study>, differ: readonly string[], model?: string) =>
  questions(s).find((q) => !q.local && q.differ.join() === differ.join() && q.model === model);

describe("choices", () => {
  it("name the fastest machine where every other one's interval lies above it, the null model taking no part", () => {
    const q = find(
      study((c) =>
        c.model === "null" && c.server === "edge" ? 0.01 : byServer({ client: 20, cloud: 10, edge: 15 })(c),
      ),
      ["placement"],
    );
    expect(q?.outcome).toBe("clear");
    expect(q?.options.map((o) => o.name)).toEqual(["client → cloud", "client → edge", "client → client"]);
    expect(q?.options[0]).toMatchObject({ maybeFastest: true, over: { ratio: 1 } });
    const [, edge] = q?.options ?? [];
    expect(edge?.over.ratio).toBeCloseTo(1.5, 1);
    expect(edge?.over.interval?.low).toBeGreaterThan(1.4);
    expect(edge?.ms.ratio).toBeCloseTo(15 * 3, -1);
  });

  it("give medians and ratios of one model: they agree, and noise of rounds is not taken for noise of options", () => {
    // All that a machine serves is 10 % slower or faster for a round.
    const stream = random(8);
    const rounds = Array.from({ length: 3 }, () => Math.exp(0.1 * stream.normal()));
    const s = studyOf(manifest, 3, (c, round) => [
      {
        totalMs:
          byServer({ client: 20, cloud: 16, edge: 40 })(c) * (rounds[round] ?? 1) * Math.exp(0.005 * stream.normal()),
      },
    ]);
    const q = find(s, ["placement"]);
    const [best, next] = q?.options ?? [];
    expect(q?.outcome).toBe("clear");
    expect((next?.ms.ratio ?? NaN) / (best?.ms.ratio ?? NaN)).toBeCloseTo(next?.over.ratio ?? NaN, 9);
    const width = (i: { low: number; high: number } | null | undefined) => (i ? Math.log(i.high / i.low) : NaN);
    expect(width(best?.ms.interval)).toBeGreaterThan(3 * width(next?.over.interval));
  });

  it("say that two are tied where their intervals say no more", () => {
    const q = find(study(byServer({ client: 20, cloud: 10, edge: 10.05 }), { noise: 0.05 }), ["placement"]);
    expect(q?.outcome).toBe("tie");
    expect(
      q?.options
        .filter((o) => o.maybeFastest)
        .map((o) => o.name)
        .sort(),
    ).toEqual(["client → cloud", "client → edge"]);
  });

  it("call nothing the fastest where every cell was visited once", () => {
    const q = find(study(byServer({ client: 20, cloud: 10, edge: 15 }), { rounds: 1 }), ["placement"]);
    expect(q?.outcome).toBe("once");
    expect(q?.options.every((o) => o.maybeFastest && o.over.interval === null && o.ms.interval === null)).toBe(true);
  });

  it("compare on what all options were measured on: a failed cell takes its like ones out, a dead machine only itself", () => {
    const s = study(byServer({ client: 20, cloud: 10, edge: 15 }));
    const data = new Map(s.data);
    for (const c of manifest.cells) {
      const own = data.get(c.id);
      const fails =
        c.clientMachine === "client" && (c.server === "edge" || (c.server === "cloud" && c.image === "image-2"));
      if (own !== undefined && fails) data.set(c.id, { ...own, failure: { code: "UNAVAILABLE", message: "gone" } });
    }
    const q = find({ ...s, data }, ["placement"]);
    expect(q?.options.map((o) => o.name)).toEqual(["client → cloud", "client → client"]);
    expect(q?.leftOut).toEqual(["client → edge"]);
    expect(q?.cells).toBe(2 * 2 * 2);
  });

  it("ask for each model which machine and client program", () => {
    const s = study((c) => byServer({ client: 20, cloud: 10, edge: 15 })(c) * (c.protocol === "rest" ? 1.5 : 1));
    const q = find(s, ["placement", "client"], "ssd-mobilenet");
    expect(q?.options[0]?.at).toEqual({ placement: "client → cloud", client: "probe" });
    expect(find(s, ["client"])?.options.map((o) => o.name)).toEqual(["probe", "rest"]);
    expect(find(s, ["model"])?.options.map((o) => o.name)).toEqual(["ssd-mobilenet", "rfcn-resnet101"]);
  });

  it("say why the fastest on average is not the fastest of each model, and nothing where it is", () => {
    const rest = (c: Cell) => (c.protocol === "rest" ? (c.model === "ssd-mobilenet" ? 1.5 : 0.9) : 1);
    const s = study((c) => byServer({ client: 20, cloud: 10, edge: 15 })(c) * rest(c));
    const client = questions(s).find((q) => q.differ[0] === "client" && q.model === undefined);
    expect(client?.agreement).toBe(
      "averaged over models probe is the fastest, for rfcn-resnet101 it is rest: the effect depends on the model, and an average speaks for no single one",
    );
    expect(questions(s).find((q) => q.differ.join() === "placement" && !q.local)).not.toHaveProperty("agreement");
  });

  it("are not asked of calls that took no time, and have no NaN where some did", () => {
    const zero = study(() => 0);
    expect(questions(zero)).toEqual([]);
    const some = study((c) => (c.image === "image-1" ? 0 : byServer({ client: 20, cloud: 10, edge: 15 })(c)));
    const q = find(some, ["placement"]);
    expect(q?.outcome).toBe("clear");
    expect(q?.options.every((o) => Number.isFinite(o.ms.ratio) && Number.isFinite(o.over.ratio))).toBe(true);
  });

  it("know which machine calls the others", () => {
    expect(callerOf(manifest.cells)).toBe("client");
    expect(callerOf(manifest.cells.filter((c) => c.local))).toBeUndefined();
  });

  it("widen an interval for several comparisons as Student's t has it", () => {
    // scipy 1.17.1: t.ppf(1 - .025 / 3, 5) / t.ppf(.975, 5)
    const contrast = { log: 1, interval: { low: 0, high: 2 }, moves: new Float64Array(), df: 5 };
    const wide = simultaneous(contrast, 3);
    expect(wide?.high).toBeCloseTo(1 + 3.534 / 2.5706, 3);
    expect(simultaneous(contrast, 1)).toEqual({ low: 0, high: 2 });
  });

  // Truth: three machines that are the same. 200 runs: two Monte-Carlo errors of .05 are .03.
  it("claim a fastest machine among equals in at most one run of twenty", () => {
    const called = manifest.cells.filter((c) => c.clientMachine === "client" && c.model !== "null");
    const claims = Array.from({ length: 200 }, (_, seed) =>
      ask(
        study(() => 10, { seed, rounds: 4, noise: 0.03 }),
        { differ: ["placement"], local: false },
        called,
      ),
    ).filter((q) => q?.outcome === "clear");
    expect(claims.length / 200).toBeLessThanOrEqual(0.08);
  }, 120_000);
});
