import { describe, expect, it } from "vitest";
import { formatComparison } from "../compare/comparison-text.ts";
import { compareRuns } from "../compare/compare.ts";
import { verdictOf } from "../compare/exit-code.ts";
import { AXES, type Axis, cellId } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import { attribute } from "../stats/attribution/attribution.ts";
import { allStatistics } from "../stats/cell-statistics.ts";
import { questions } from "../stats/choices.ts";
import { factorLevels, interactionsOf } from "../stats/levels.ts";
import { random } from "../stats/math/random.ts";
import { type Study, fitStudy } from "../stats/study.ts";
import { sampleServer } from "../testing/sample-run.ts";
import { manifestOf, studyOf } from "../testing/studies.ts";
import { cellsCsv } from "./csv.ts";
import { reportInputs, reportText } from "./index.ts";
import { effectsOf } from "../stats/run-effects.ts";

/** An axis that Lathe does not have. */
const LETTER: Axis = {
  key: "letter",
  title: "letter",
  of: (c) => c.levels?.["letter"] ?? "A",
  levelTitle: (level) => `letter ${level}`,
  idPart: (c) => c.levels?.["letter"] ?? "A",
  isFactor: true,
};
const axes = [...AXES, LETTER];

const base = manifestOf({
  placements: [
    ["client", "client"],
    ["edge", "edge"],
    ["client", "edge"],
  ],
  images: ["image-1", "image-2", "image-3"].map((name, i) => ({ name, fileBytes: 100 * (i + 1) })),
});
const manifest = {
  ...base,
  cells: base.cells.flatMap((c) =>
    ["A", "B"].map((letter) => ({ ...c, levels: { letter }, id: `${cellId(c)} ${letter}` })),
  ),
};

/** B takes twice as long as A; over REST three times. */
function measured(seed: number, slower: (c: Cell) => number = () => 1): Study {
  const stream = random(seed);
  const study = studyOf(manifest, 4, (c) => {
    const b = c.levels?.["letter"] === "B";
    const model = c.model === "null" ? 1 : c.model === "ssd-mobilenet" ? 30 : 300;
    const ms = model * (b ? (c.client === "rest" ? 3 : 2) : 1) * slower(c) * Math.exp(0.01 * stream.normal());
    return [1, 2, 3].map(() => ({ totalMs: 1 + ms, encodeMs: 0.5 }));
  });
  return { ...study, axes };
}

describe("one more axis", () => {
  const study = measured(1);
  const inputs = reportInputs(manifest, { study });

  it("is a factor of the model of latency, and interacts with client and model", () => {
    const fit = fitStudy(study, (c) => c.model !== "null")?.fit;
    expect(fit?.design.spec.factors).toContain("letter");
    expect(fit?.design.spec.interactions).toContainEqual(["client", "letter"]);
    const ratio = (at: Readonly<Record<string, string>>) =>
      Math.exp(fit?.contrast({ ...at, letter: "B" }, { ...at, letter: "A" }).log ?? NaN);
    expect(ratio({ client: "probe" })).toBeCloseTo(2, 1);
    expect(ratio({ client: "rest" })).toBeCloseTo(3, 1);
    const effects = effectsOf(study)?.rows ?? [];
    expect(effects.find((r) => r.factor === "letter" && r.at === null)?.ratio).toBeCloseTo(Math.sqrt(6), 1);
    expect(effects.filter((r) => r.factor === "client" && r.at?.factor === "letter")).toHaveLength(2);
  });

  it("is a question of its own", () => {
    const question = questions(study).find((q) => q.differ.join() === "letter");
    expect(question).toMatchObject({ outcome: "clear", options: [{ name: "A" }, { name: "B" }] });
  });

  it("parts what is attributed, and pairs each cell with the null model's of its own level", () => {
    const rows = attribute(study);
    expect(rows).toHaveLength(3 * 2 * 2 * 2);
    const [a, b] = ["A", "B"].map((letter) =>
      rows.find(
        ({ levels: l }) =>
          l["letter"] === letter &&
          l["placement"] === "edge → edge" &&
          l["model"] === "ssd-mobilenet" &&
          l["client"] === "probe",
      ),
    );
    expect((b?.parts.server.value ?? NaN) / (a?.parts.server.value ?? NaN)).toBeCloseTo(2.5 / 1.5, 1);
  });

  it("is a column of tables and CSV, with its title and its levels", async () => {
    const text = await reportText(inputs);
    expect(text).toMatch(/from → to +\(client program\) +model +letter +images +mean/);
    expect(text).toMatch(/client → edge +REST \(rest\) +ssd-mobilenet +letter B +3 +\d/);
    expect(text).toMatch(/Letter: letter A/);
    expect(text).toMatch(/letter B over letter A +2\.4\d+ /);
    const [head = "", ...lines] = cellsCsv(inputs).slice(1).split("\r\n");
    expect(head).toMatch(/^run,cell,placement,link,server,server_kind,protocol,client,model,image,load,letter,/);
    expect(lines[1]).toMatch(
      /^test,[^,]* B,client → client,,client,made-up,grpc,probe,rfcn-resnet101,image-1,one by one,B,/,
    );
    expect(allStatistics(study)).toHaveLength(manifest.cells.length);
  });

  it("parts the groups that two runs are compared by", () => {
    const c = compareRuns(
      study,
      measured(2, (cell) => (cell.levels?.["letter"] === "B" ? 1.5 : 1)),
      { threshold: 0.05 },
    );
    const slower = c.groups.filter((g) => g.change === "slower");
    expect(slower).toHaveLength(3 * 3 * 2);
    expect(new Set(slower.map((g) => g.levels["letter"]))).toEqual(new Set(["B"]));
    expect(formatComparison(c, verdictOf(c), axes)).toMatch(/client → edge +rest +ssd-mobilenet +letter B +3 +1\.[45]/);
  });
});

describe("the model of latency", () => {
  it("has interactions of client and model with every other factor, and no other", () => {
    expect(interactionsOf(["placement", "client", "model", "image"])).toEqual([
      ["client", "placement"],
      ["client", "model"],
      ["client", "image"],
      ["model", "placement"],
      ["model", "image"],
    ]);
    expect(interactionsOf(["placement", "model"])).toEqual([["model", "placement"]]);
  });

  it("takes two servers on one machine for two levels, and shows which is which", async () => {
    const one = manifestOf({ placements: [["client", "edge"]], images: [{ name: "image-1", fileBytes: 1 }] });
    const two = ["edge/a", "edge/b"].map((id) => ({
      ...sampleServer(id, one.servers[0]?.models ?? []),
      machineId: "edge",
    }));
    const cells = two.flatMap(({ id: server }) =>
      one.cells.map((c) => {
        const cell = { ...c, server };
        return { ...cell, id: cellId(cell) };
      }),
    );
    const study = studyOf({ ...one, servers: two, cells }, 4, (c, round) => [
      { totalMs: (c.server === "edge/b" ? 20 : 10) * (1 + 0.01 * round) },
    ]);
    expect(cells[0] && factorLevels(cells[0], AXES)["placement"]).toBe("client → edge, edge/a");
    const fit = fitStudy(study, (c) => c.model !== "null")?.fit;
    const [a, b] = ["client → edge, edge/a", "client → edge, edge/b"].map((placement) => ({ placement }));
    expect(Math.exp(fit?.contrast(b ?? {}, a ?? {}).log ?? NaN)).toBeCloseTo(2, 6);
    const text = await reportText(reportInputs(study.manifest, { study }));
    expect(text).toMatch(/from → to +server +\(client program\) +model/);
    expect(text).toMatch(/client → edge +edge\/b +gRPC \(probe\)/);
    expect(text).toContain("Machine: edge, edge/a");
  });
});
