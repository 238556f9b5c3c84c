import { describe, expect, it } from "vitest";
import { manifestOf, studyOf } from "../../../testing/studies.ts";
import type { JournalRecord } from "../../../records/records.ts";
import { gatherCells } from "../../../stats/gather.ts";
import { type Failed } from "../../../stats/visits.ts";
import { answerSection } from "../answer.ts";
import { cellsCsv } from "../../csv.ts";
import { failuresTable } from "./failures.ts";
import { runSection } from "./run.ts";
import { reportInputs, reportJson } from "../../index.ts";
import type { Block } from "../../blocks.ts";
import { renderText } from "../../render/text.ts";
import type { Section } from "../../section.ts";

const manifest = manifestOf({
  placements: [["client", "edge"]],
  images: ["image-1", "image-2"].map((name) => ({ name, fileBytes: 1 })),
});
const HIT = "client>edge rest ssd-mobilenet image-1";

function inputs(failed: Failed | undefined) {
  const study = studyOf(manifest, 2, () => [{ totalMs: 10 }, { totalMs: 11 }]);
  const hit = study.data.get(HIT);
  if (hit === undefined) throw new Error("no cell");
  const data = new Map(study.data).set(HIT, { ...hit, ...(failed === undefined ? {} : { failed }) });
  return reportInputs(manifest, { study: { ...study, data } });
}

const blocksText = (blocks: readonly Block[]) => renderText([{ id: "s", title: "S", short: "", blocks }]);

async function textOf(section: Section, of: ReturnType<typeof inputs>): Promise<string> {
  return blocksText(await section.blocks(of));
}

const timeouts: Failed = {
  calls: 3,
  failures: 2,
  visits: 2,
  tried: 3,
  codes: { DEADLINE_EXCEEDED: 3, UNAVAILABLE: 1 },
};

describe("calls that failed in a cell that was measured after all", () => {
  it("are said near the top", async () => {
    const text = (await textOf(answerSection, inputs(timeouts))).replaceAll(/\s+/g, " ");
    expect(text).toContain("ATTENTION: Something failed in 1 of 12 cells: 3 measured calls and 2 visits.");
  });

  it("have a row of their own, with codes and visits", async () => {
    const text = await textOf(runSection, inputs(timeouts));
    expect(text).toMatch(
      /client → edge +REST \(rest\) +ssd-mobilenet +1 of 2 +3 +11 +2 +2 of 5 +DEADLINE_EXCEEDED 3, UNAVAILABLE 1/,
    );
  });

  it("are in CSV and JSON, beside the calls that went well", async () => {
    const of = inputs(timeouts);
    const [head = "", ...lines] = cellsCsv(of).slice(1).split("\r\n");
    const at = (name: string) => head.split(",").indexOf(name);
    const row = lines.find((line) => line.includes(HIT))?.split(",") ?? [];
    expect([row[at("calls")], row[at("failed_calls")], row[at("failures")]]).toEqual(["4", "3", "2"]);
    const json = await reportJson(of, [runSection]);
    expect(json["failed"]).toEqual([{ cell: HIT, ...timeouts }]);
    expect(json["cells"]).toContainEqual(
      expect.objectContaining({ summary: expect.objectContaining({ failedCalls: 3 }) as unknown }),
    );
  });

  it("are not spoken of where there are none", async () => {
    expect(failuresTable(inputs(undefined))).toEqual([]);
    expect(await textOf(answerSection, inputs(undefined))).not.toContain("failed");
  });
});

describe("calls that were made a second time", () => {
  const retried = (calls: number) => {
    const of = inputs(undefined);
    const hit = of.study?.data.get(HIT);
    if (of.study === undefined || hit === undefined) throw new Error("no cell");
    return { ...of, study: { ...of.study, data: new Map(of.study.data).set(HIT, { ...hit, retried: calls }) } };
  };

  it("are told where failures are, and in JSON, though none failed", async () => {
    expect(blocksText(failuresTable(retried(2))).replaceAll(/\s+/g, " ")).toContain(
      "2 measured calls in 1 cell were made a second time: the server refused the call",
    );
    expect(blocksText(failuresTable(retried(1))).replaceAll(/\s+/g, " ")).toContain(
      "1 measured call in 1 cell was made",
    );
    const json = await reportJson(retried(2), [runSection]);
    expect([json["retried"], json["failed"]]).toEqual([[{ cell: HIT, calls: 2 }], undefined]);
  });

  it("are counted in the records, whether the second attempt went well or not, and not of warm-ups", async () => {
    const at = "2026-01-01T00:00:00.000Z";
    const phases = { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null };
    const call = (more: object) =>
      ({
        ...{ type: "call", cell: HIT, round: 0, at, phase: "measure", ok: true, totalMs: 1, ...phases },
        ...{ requestBytes: 1, responseBytes: 1, ...more },
      }) as JournalRecord;
    const data = await gatherCells([
      ...[call({}), call({ retried: true }), call({ retried: true, phase: "warmup" })],
      call({ retried: true, ok: false, error: { code: "UNAVAILABLE", message: "x" } }),
    ]);
    expect(data.get(HIT)?.retried).toBe(2);
    expect((await gatherCells([call({})])).get(HIT)).not.toHaveProperty("retried");
  });
});
