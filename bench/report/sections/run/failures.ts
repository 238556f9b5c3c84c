import { type Failed, failedOf } from "../../../stats/visits.ts";
import { groupsBut, levelsOf, shownAxes } from "../../../stats/levels.ts";
import { count } from "../../../../lib/words.ts";
import { when } from "../../../format/when.ts";
import { type Block, type TableCell, notice, rights, table } from "../../blocks.ts";
import { axisCells, axisColumns } from "../columns.ts";
import type { ReportInputs } from "../../section.ts";

/** Every failed call and visit of a run, also of cells that were measured after all: no latency is of a failed call. */
export function failuresTable(inputs: ReportInputs): Block[] {
  const rows = failedGroups(inputs).map((g): TableCell[] => [
    ...g.who,
    `${g.cells} of ${g.of}`,
    { text: String(g.failed.calls), tone: g.failed.calls > 0 ? "bad" : "muted" },
    String(g.calls + g.failed.calls),
    { text: String(g.failed.failures), tone: g.failed.failures > 0 ? "bad" : "muted" },
    `${g.failed.visits} of ${g.failed.tried}`,
    Object.entries(g.failed.codes)
      .map(([code, times]) => `${code} ${times}`)
      .join(", "),
  ]);
  if (rows.length === 0) return retriedText(inputs);
  return [
    ...retriedText(inputs),
    table({
      caption: "Failures, also of cells that were measured later",
      columns: [
        ...axisColumns(shownAxes(inputs.cells, inputs.axes, ["image"])),
        ...rights("cells\nhit", "failed\ncalls", "of\ncalls", "visits cut\nshort", "visits with\na failure"),
        "codes",
      ],
      rows,
      notes: [
        "Failed calls are in no latency. If calls ran into their timeout, the true latency is longer than what is shown.",
      ],
    }),
  ];
}

/** Calls that were made twice, and what that means for their latencies. */
function retriedText({ cells, study }: ReportInputs): Block[] {
  const all = cells.flatMap((c) => study?.data.get(c.id)?.retried ?? []);
  const calls = all.reduce((sum, n) => sum + n, 0);
  const text =
    `${count(calls, "measured call")} in ${count(all.length, "cell")} ${calls === 1 ? "was" : "were"} made a second time: the server ` +
    "refused the call, or closed the connection, before it had begun it. The latency counts from the first attempt.";
  return [...when(calls > 0, notice("unsure", text))];
}

/** Failures and second attempts by cell, for programs. */
export function failedJson({ cells, study }: ReportInputs): Readonly<Record<string, unknown>> {
  const retried = cells.flatMap(({ id: cell }) => {
    const calls = study?.data.get(cell)?.retried;
    return calls === undefined ? [] : [{ cell, calls }];
  });
  const failed = cells.flatMap(({ id: cell }) => {
    const own = study?.data.get(cell)?.failed;
    return own === undefined ? [] : [{ cell, ...own }];
  });
  return { ...(failed.length === 0 ? {} : { failed }), ...(retried.length === 0 ? {} : { retried }) };
}

/** Failures of cells that differ in their image alone. */
function failedGroups(inputs: ReportInputs) {
  const { cells, study, summaries, manifest, axes } = inputs;
  const shown = shownAxes(cells, axes, ["image"]);
  return groupsBut(cells, axes, ["image"]).flatMap((own) => {
    const data = own.flatMap((c) => study?.data.get(c.id) ?? []);
    const hit = data.filter((d) => d.failed !== undefined).length;
    if (hit === 0) return [];
    return [
      {
        who: axisCells(levelsOf(own[0], axes), shown, manifest),
        cells: hit,
        of: own.length,
        calls: own.reduce((sum, c) => sum + (summaries.get(c.id)?.n ?? 0), 0),
        failed: summed(data.map(failedOf)),
      },
    ];
  });
}

function summed(all: readonly Failed[]): Failed {
  const codes = new Map<string, number>();
  const sum = { calls: 0, failures: 0, visits: 0, tried: 0 };
  for (const f of all) {
    for (const key of ["calls", "failures", "visits", "tried"] as const) sum[key] += f[key];
    for (const [code, times] of Object.entries(f.codes)) codes.set(code, (codes.get(code) ?? 0) + times);
  }
  return { ...sum, codes: Object.fromEntries(codes) };
}
