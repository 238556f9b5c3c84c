import { answersByServer } from "../../stats/detections/by-server.ts";
import { SAME_FILE, TOLERANCE } from "../../stats/detections/compare.ts";
import { serverCosts, serversFindings } from "../answer/which-server.ts";
import { type Block, rights, table } from "../blocks.ts";
import type { ReportInputs } from "../section.ts";

/** Each server's answers against those of the server of reference. */
export function answersOf(inputs: ReportInputs) {
  const { study, manifest } = inputs;
  if (study?.seen === undefined) return [];
  const referenceOf = (model: string) =>
    serversFindings(inputs)
      .find((f) => f.model === model)
      ?.ways.find((w) => w.isReference)?.server;
  return answersByServer(manifest, study.seen, referenceOf);
}

/** The same as a table; none where no answers were kept. */
export function answersTables(inputs: ReportInputs): Block[] {
  const all = answersOf(inputs);
  if (all.length === 0) return [];
  const small = (x: number) => (Number.isNaN(x) ? "–" : x === 0 ? "0" : x.toExponential(0));
  const notes = new Map(serverCosts(inputs).map((c) => [c.server, c.notes]));
  return [
    table({
      caption: "Answers to the same image, against the server of reference",
      columns: ["model", "server", "against", ...rights("images", "scores differ by", "box edges by"), "detections"],
      rows: all.map((a) => [
        ...[a.model, a.server, a.reference, String(a.pairs), small(a.scoreDifference), small(a.boxDifference)],
        a.differ === 0
          ? { text: "the same", tone: "good" as const }
          : { text: `differ in ${a.differ} of ${a.pairs}`, tone: "bad" as const },
      ]),
      notes: [
        `The same: every object in both, score and box edges within ${TOLERANCE} (float32 in another order of sums differs by a tenth of that); of servers that were sent the file, and may decode it by different libraries, every object with a score of ${SAME_FILE.above} or more, within ${SAME_FILE.within}.`,
        ...all.flatMap((a) =>
          a.example.length === 0
            ? []
            : [
                `${a.server}, ${a.example.slice(0, 3).join("; ")}${(notes.get(a.server) ?? []).map((n) => `; ${n}`).join("")}`,
              ],
        ),
      ],
      method: "detections",
    }),
  ];
}
