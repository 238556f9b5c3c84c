import { formatMs } from "../../../format/numbers.ts";
import { when } from "../../../format/when.ts";
import { isPlain } from "../../../matrix/cell.ts";
import { attribute } from "../../../stats/attribution/attribution.ts";
import { serverClocks } from "../../../stats/attribution/server-clock.ts";
import { mean } from "../../../stats/math/quantile.ts";
import type { CellSummary } from "../../../stats/summary.ts";
import { modelFindings } from "../../answer/models.ts";
import { placeText, protocolNames } from "../../answer/names.ts";
import { titleModel } from "../../answer/title.ts";
import { type Block, figure, fold, only } from "../../blocks.ts";
import { type Step, waterfallChart } from "../../charts/waterfall.ts";
import type { ReportInputs, Section } from "../../section.ts";
import { attributionBlocks } from "./attribution.ts";
import { clockTable } from "./server-clock.ts";
import { phaseTable } from "./phases.ts";

/** Where the time of a request goes: its parts, its phases one after the other, and what the servers' own clocks say of them. */
export const timeSection: Section = {
  id: "time",
  title: "Where the time goes",
  short: "Time",
  blocks(inputs) {
    if ([...inputs.summaries.values()].every((s) => s.n === 0)) return [];
    const clock = clockTable(inputs);
    const phases = phaseTable(inputs);
    return [
      ...attributionBlocks(inputs),
      ...waterfalls(inputs),
      ...when(
        clock !== undefined,
        fold("The servers' own clocks, beside what the client saw", ...(clock === undefined ? [] : [clock])),
      ),
      fold("The phases of a call, mean over images", phases),
    ];
  },
  json: ({ study }) => (study === undefined ? {} : { attribution: attribute(study), serverClock: serverClocks(study) }),
};

const PHASES = [
  ["lateMs", "its turn", "encode"],
  ["encodeMs", "encode", "encode"],
  ["sendMs", "send", "network"],
  ["waitMs", "wait", "muted"],
  ["receiveMs", "receive", "network"],
  ["decodeMs", "decode", "decode"],
] as const;

/** A call of the title's model from its begin to its end, at its quickest place, over each protocol; one scale. */
function waterfalls(inputs: ReportInputs): Block[] {
  const { cells, summaries, manifest } = inputs;
  const found = titleModel(modelFindings(inputs));
  const rows = found?.rows.filter((r) => r.medianMs !== null) ?? [];
  const best = rows.find((r) => r.best) ?? rows.toSorted((a, b) => (a.medianMs ?? 0) - (b.medianMs ?? 0))[0];
  if (found === undefined || best === undefined) return [];
  const name = protocolNames(manifest.clients);
  const panels = rows
    .filter((r) => r.place === best.place)
    .flatMap((row) => {
      const own = cells.filter(
        (c) =>
          c.model === found.model &&
          placeText(c, inputs) === row.place &&
          name(c.client) === row.protocol &&
          (isPlain(c) || !cells.some(isPlain)),
      );
      const steps = stepsOf(
        inputs,
        own.map((c) => summaries.get(c.id)).filter((s) => s !== undefined && s.n > 0) as CellSummary[],
      );
      return steps.length === 0 ? [] : [{ title: `${row.place}, ${row.protocol}`, steps }];
    });
  if (panels.length === 0) return [];
  const end = Math.max(...panels.flatMap((p) => p.steps.map((s) => s.toMs)));
  const words = (steps: readonly Step[]) => steps.map((s) => `${s.name} ${s.remark}`).join(", ");
  const clock = panels.some((p) => p.steps.some((s) => s.name === SERVER));
  return [
    only(
      ["html"],
      figure({
        title: `A call to ${found.model}, from its begin to its end`,
        caption: `Means over images. All pictures have one scale.${clock ? " The server's own time lies somewhere in the wait, and is drawn at its end." : ""}`,
        alternative: panels.map((p) => `${p.title}: ${words(p.steps)}`).join("; "),
        panels: panels.map(({ title, steps }) => ({
          title,
          picture: waterfallChart(`${title}: ${words(steps)}`, steps, end, "ms from the call's begin"),
        })),
      }),
    ),
  ];
}

const SERVER = "server's own";

/** The phases of some cells' calls one after the other; below the wait, what the server says of it. */
function stepsOf({ study }: ReportInputs, own: readonly CellSummary[]): Step[] {
  let at = 0;
  return PHASES.flatMap(([phase, name, colour]): Step[] => {
    const seen = own.flatMap((s) => s.phaseMeansMs[phase] ?? []);
    if (seen.length === 0) return [];
    const ms = mean(seen);
    const step = { name, fromMs: at, toMs: at + ms, colour, remark: `${formatMs(ms)} ms` };
    at = step.toMs;
    if (phase !== "waitMs") return [step];
    const clocks = own.flatMap((s) =>
      (study?.data.get(s.cell)?.visits ?? []).flatMap((v) =>
        v.server !== undefined && "requestMs" in v.server ? [v.server] : [],
      ),
    );
    if (clocks.length === 0) return [step];
    const serverMs = Math.min(ms, mean(clocks.map((c) => c.requestMs)));
    const runs = clocks.flatMap((c) => c.runMs ?? []);
    const runMs = runs.length === 0 ? null : Math.min(serverMs, mean(runs));
    return [
      step,
      { name: SERVER, fromMs: at - serverMs, toMs: at, colour: "server", remark: `${formatMs(serverMs)} ms` },
      ...(runMs === null
        ? []
        : [{ name: "model run", fromMs: at - runMs, toMs: at, colour: "compute", remark: `${formatMs(runMs)} ms` }]),
    ];
  });
}
