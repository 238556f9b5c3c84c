import type { Server } from "../../../infra/outputs.ts";
import { formatMs, formatRatio, formatRatioInterval, intervalOrWhy } from "../../format/numbers.ts";
import { when } from "../../format/when.ts";
import type { RatioEstimate } from "../../stats/math/estimate.ts";
import {
  type ServersFinding,
  type Way,
  computing,
  secondsText,
  serverCosts,
  serversFindings,
  toldSettings,
} from "../answer/which-server.ts";
import { formatBytes } from "../answer/names.ts";
import { type Block, type Table, type TableCell, fold, prose, right, rights, table } from "../blocks.ts";
import { kindTitle } from "../charts/colours.ts";
import type { ReportInputs, Section } from "../section.ts";
import { modelTitle } from "./caveats.ts";
import { answersOf, answersTables } from "./which-server-answers.ts";

/** Servers of one machine side by side: time, cost, load and answers. */
export const whichServerSection: Section = {
  id: "which-server",
  title: "Which server",
  short: "Servers",
  blocks(inputs) {
    const found = serversFindings(inputs);
    if (found.length === 0) return [];
    const shown = computing(found, inputs);
    const folded = found.filter((f) => !shown.includes(f));
    const times = (own: readonly ServersFinding[]) => [
      ...own.map((f) => timeTable(f, inputs)),
      ...own.flatMap((f) => ownTables(f, inputs)),
    ];
    return [
      prose(neighboursText(inputs)),
      ...times(shown),
      costTable(inputs),
      ...found.flatMap((f) =>
        when<Block>(
          f.ways.some((w) => w.loads.some((l) => l.concurrency > 1)),
          loadTable(f, inputs),
        ),
      ),
      ...answersTables(inputs),
      ...when<Block>(
        folded.length > 0,
        fold("The null model: what protocols and encodings take alone", ...times(folded)),
      ),
    ];
  },
  json(inputs) {
    const found = serversFindings(inputs);
    if (found.length === 0) return {};
    return { servers: { compared: found, costs: serverCosts(inputs), answers: answersOf(inputs) } };
  },
};

function neighboursText({ manifest }: ReportInputs): string {
  return manifest.neighbours === "frozen"
    ? "One at a time: while a server was measured, the other servers of its machine were frozen (docker pause), and took no processor time."
    : "The other servers of a machine ran while one was measured: what they did besides is part of its times.";
}

const nameOf = (w: Way) => w.serverKind;

function timeTable({ placement, model, ways }: ServersFinding, inputs: ReportInputs): Table {
  const { manifest } = inputs;
  const reference = ways.find((w) => w.isReference);
  const than = reference === undefined ? "" : `${nameOf(reference)}, ${kindTitle(reference.client)}`;
  const notes = (id: string) =>
    costNotes(
      manifest.servers.find((s) => s.id === id),
      inputs,
    );
  return table({
    caption: `${modelTitle(manifest, model)}, ${placement}: times as long as ${than}`,
    columns: [
      ...["server", "protocol (client program)"],
      ...rights("ms", "95 %", "times as long", "95 % of it", "CPU s an answer"),
      "note",
    ],
    rows: ways.map((w): TableCell[] => [
      ...[nameOf(w), kindTitle(w.client)],
      w.ms === null ? { text: "not measured", tone: "bad" } : formatMs(w.ms.ratio),
      w.ms === null ? "" : intervalOrWhy(w.ms.interval, w.ms.ratio),
      w.isReference ? "1" : w.over === null ? "" : formatRatio(w.over.ratio),
      w.over === null ? "" : formatRatioInterval(w.over.interval),
      w.cpuSeconds === null ? "" : secondsText(w.cpuSeconds),
      notes(w.server),
    ]),
    notes: ["One call at a time. Processor time is the whole container's, warm-up calls included."],
    method: "effects",
  });
}

/** A word for each note: the whole of them stands under costs. */
function costNotes(server: Server | undefined, inputs: ReportInputs): string {
  if (server === undefined) return "";
  return [
    ...when(server.standIn, "stand-in"),
    ...toldSettings(server, inputs).map(([, value]) => value),
    ...when(server.note !== undefined, "see below"),
  ].join(", ");
}

/** What each way costs beside the fastest way to the same server, and beside the first server of its kind. */
function ownTables({ placement, model, ways }: ServersFinding, { manifest }: ReportInputs): readonly Table[] {
  const several = ways.some((w) => w.overFirst !== null);
  const shown = ways.filter((w) => w.overFastest !== null || w.overFirst !== null);
  const cells = (over: RatioEstimate | null) =>
    over === null ? ["", ""] : [formatRatio(over.ratio), formatRatioInterval(over.interval)];
  const group = (title: string) => [right("times as long", title), right("95 %", title)];
  return when(
    shown.length > 0,
    table({
      caption: `${modelTitle(manifest, model)}, ${placement}: what an encoding costs on a server`,
      columns: [
        ...["server", "protocol (client program)"],
        ...group("as its fastest"),
        ...when(several, ...group("as the first server of its kind")),
      ],
      rows: shown.map((w) => [
        ...[nameOf(w), kindTitle(w.client)],
        ...cells(w.overFastest),
        ...when(several, ...cells(w.overFirst)),
      ]),
      notes: [
        "One call at a time. An empty field: it is what the others are compared with, or they share no client program.",
      ],
      method: "effects",
    }),
  );
}

function costTable(inputs: ReportInputs): Table {
  const bytes = (n: number | null) => (n === null ? "–" : formatBytes(n));
  return table({
    caption: "What each server costs",
    columns: ["server", "machine", ...rights("memory at rest", "peak", "image", "ready after"), "what to know"],
    rows: serverCosts(inputs).map((c) => [
      ...[c.serverKind, c.machine, bytes(c.restBytes), bytes(c.peakBytes), bytes(c.imageBytes)],
      ...[c.readySeconds === null ? "–" : `${c.readySeconds.toFixed(0)} s`, c.notes.join("; ")],
    ]),
    notes: [
      "Memory as the kernel counts it for the container, page cache included: at rest the least before a visit, peak the most since it started. " +
        "The image is unpacked, layers that others share included. Ready: from the container's start to an answer of every model.",
    ],
  });
}

function loadTable({ placement, model, ways }: ServersFinding, { manifest }: ReportInputs): Table {
  const all = [...new Set(ways.flatMap((w) => w.loads.map((l) => l.concurrency)))].sort((a, b) => a - b);
  const titles = all.map((n) => (n === 1 ? "one call at a time" : `${n} at a time`));
  return table({
    caption: `${modelTitle(manifest, model)}, ${placement}: answers a second, and the time within which 95 % came`,
    columns: [
      ...["server", "protocol (client program)"],
      ...titles.flatMap((group) => [right("/s", group), right("p95 ms", group)]),
    ],
    rows: ways
      .filter((w) => w.loads.length > 0)
      .map((w) => [
        ...[nameOf(w), kindTitle(w.client)],
        ...all.flatMap((n) => {
          const at = w.loads.find((l) => l.concurrency === n);
          return [at?.perSecond?.toPrecision(3) ?? "–", at?.p95Ms == null ? "–" : formatMs(at.p95Ms)];
        }),
      ]),
    notes: [
      "All images together. p95: of the calls as they came, from 72 on. Calls at the same time wait for each other, and so few of them give it no " +
        "interval: “Under load” has those that have one.",
    ],
  });
}
