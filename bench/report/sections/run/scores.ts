import { SCORE_WORKLOAD } from "../../../../infra/hosts/score.ts";
import { isPlain } from "../../../matrix/cell.ts";
import { COMBINATIONS, EXPERIMENTS, ROLES, geekbenchOf, publishedMs } from "../../../paper/published.ts";
import { type ScoreFit, type ScoredLatency, scoreFit } from "../../../stats/scores/score-fit.ts";
import { type Block, right, rights, table } from "../../blocks.ts";
import type { ReportInputs } from "../../section.ts";

const KINDS = ["single", "multi"] as const;
type Kind = (typeof KINDS)[number];

/** Each machine's score beside that of the paper's machine of the same role, and how well either explains latency. */
export function scoresTable(inputs: ReportInputs): Block[] {
  const { scores } = inputs.manifest;
  if (scores === undefined) return [];
  const rows = Object.entries(scores).map(([id, score]) => {
    const paper = geekbenchOf(id);
    const theirs = paper === undefined ? ["–", "–"] : KINDS.map((kind) => String(paper[kind]));
    const own =
      "unmeasured" in score
        ? ["–", "–", "–", `not measured: ${score.unmeasured}`]
        : [String(score.single), String(score.multi), String(score.cpus), measuredBy(score)];
    return [id, ...own.slice(0, 3), ...theirs, own[3] ?? ""];
  });
  const { here, paper } = scoreFits(inputs);
  return [
    table({
      caption: "Scores of the machines",
      columns: [
        "machine",
        ...rights("one core, MB/s", "all CPUs, MB/s", "CPUs"),
        right("one core", "the paper's Geekbench"),
        right("all cores", "the paper's Geekbench"),
        "measured by",
      ],
      rows,
      notes: [
        `Score: ${SCORE_WORKLOAD}. A machine of the paper stands beside the one of the same role; the two scores have different units. A machine is measured once after each start, and by each \`npx lathe doctor\`.`,
        `Each local latency is predicted from the other machines', as if it went with one over the score. Median error: here ${fitText(here)}; in the paper's tables, with its scores, ${fitText(paper)}.`,
      ],
    }),
  ];
}

/** Which program measured a score, and when. */
const measuredBy = ({ program, at }: { readonly program: string; readonly at?: string | undefined }) =>
  at === undefined ? program : `${program}, ${at.slice(0, 16).replace("T", " ")} UTC`;

/** How well scores explain latencies: of this run's local cells, and of the paper's local table. Pure. */
export function scoreFits({ manifest, summaries }: Pick<ReportInputs, "manifest" | "summaries">) {
  const own = manifest.cells.flatMap((c): ScoredLatency[] => {
    const ms = summaries.get(c.id)?.medianMs;
    if (!c.local || !isPlain(c) || ms === undefined || !(ms > 0)) return [];
    const { serverKind = "", model, client, image } = c;
    return [
      { machine: c.serverMachine, group: JSON.stringify([serverKind, model, client, image, c.levels ?? {}]), ms },
    ];
  });
  const [local] = EXPERIMENTS;
  const theirs = ROLES.flatMap((machine) =>
    COMBINATIONS.flatMap((combination): ScoredLatency[] => {
      const ms = publishedMs(local, machine, combination);
      return ms === undefined ? [] : [{ machine, group: combination.key, ms }];
    }),
  );
  const ownScore = (kind: Kind) => (id: string) => {
    const score = manifest.scores?.[id];
    return score === undefined || "unmeasured" in score ? undefined : score[kind];
  };
  const fits = (all: readonly ScoredLatency[], of: (kind: Kind) => (id: string) => number | undefined) => ({
    single: scoreFit(all, of("single")),
    multi: scoreFit(all, of("multi")),
  });
  return { here: fits(own, ownScore), paper: fits(theirs, (kind) => (id) => geekbenchOf(id)?.[kind]) };
}

function fitText({ single, multi }: Readonly<Record<Kind, ScoreFit | null>>): string {
  if (single === null || multi === null)
    return "it cannot be told: two machines with a score and the same local cells are needed";
  const percent = (fit: ScoreFit) => `${(100 * fit.medianError).toFixed(0)} %`;
  return `${percent(single)} by one core, ${percent(multi)} by all (${single.machines} machines, ${single.latencies} latencies)`;
}
