import { formatMs, formatShare } from "../../../format/numbers.ts";
import {
  FAR_RTT_MS,
  type WhereToServe,
  boundaryOf,
  fastestAt,
  modelError,
  whereToServe,
} from "../../../stats/floor/where.ts";
import type { Study } from "../../../stats/study.ts";
import { count } from "../../../../lib/words.ts";
import { formatBytes, protocolNames } from "../../answer/names.ts";
import { type Block, type Table, figure, fold, only, prose, rights, table } from "../../blocks.ts";
import { type MapField, regionMap } from "../../charts/map.ts";
import type { ReportInputs } from "../../section.ts";
import { modelTitle } from "../caveats.ts";

/** Round trips and bandwidths of the map: from one room to another continent, from a slow radio link to a data centre. */
const RTTS = grid(0.2, 300, 24);
const MBITS = grid(1, 10_000, 20);

/** The model's error where a run has no calls over links: what `npm run bench:distance` promises. */
const BENCH_ERROR = 0.1;

/** Colours of servers on the map, in the order of the run; the client machine's own has one of its own. */
const SERVER_COLOURS = ["protocol-2", "protocol-3", "protocol-4", "protocol-1-2", "protocol-2-2", "protocol-3-2"];
const OWN_COLOUR = "protocol-1";

/** From which way on a remote server is slower, and a map of where to serve. */
export function whereBlocks({ study, manifest }: ReportInputs): Block[] {
  const questions = study === undefined ? [] : whereToServe(study);
  if (study === undefined || questions.length === 0) return [];
  const name = protocolNames(manifest.clients);
  const caller = [...new Set(questions.map((q) => q.clientMachine))].join(", ");
  const map = mapFigure(questions, study, name);
  return [
    prose(introduction(study, caller)),
    // Of a run over no links the map is the model's alone, and not what was asked for.
    only(["html"], manifest.cells.some((c) => c.link !== undefined) ? map : fold("A map of where to serve", map)),
    fold(
      "In numbers, for each model, protocol and server",
      boundaryTable(
        `Until where a call from ${caller} is faster at another machine's server than at its own`,
        questions,
        (q) => [modelTitle(manifest, q.model), name(q.client)],
        [
          "Own: the client machine calls its own server. Server's own: the server's machine calls itself. Longest round trip: at any bandwidth. " +
            "Calls follow each other on one open connection; where the server takes longer than 200 ms, TCP begins anew with slow start each time.",
        ],
      ),
    ),
  ];
}

/** From which way on each server is slower than the client machine's own: a row for each model, protocol and server. */
export function boundaryTable(
  caption: string,
  questions: readonly WhereToServe[],
  names: (q: WhereToServe) => readonly [model: string, protocol: string],
  notes: readonly string[],
): Table {
  return table({
    caption,
    columns: [
      ...["model", "protocol", "server"],
      ...rights("own,\nms", "server's\nown, ms", "request"),
      ...rights("longest\nround trip, ms", "least Mbit/s,\nno round trip", `least Mbit/s\nat ${FAR_RTT_MS} ms`),
    ],
    rows: questions.flatMap((q) =>
      q.remotes.map((remote) => {
        const b = boundaryOf(q.localMs, remote);
        const own = [...names(q), remote.server];
        const times = [formatMs(q.localMs), formatMs(remote.serviceMs), formatBytes(remote.requestBytes)];
        if (b.leastMbit === null) return [...own, ...times, "never: slower by itself", "", ""];
        return [...own, ...times, digits(b.mostRttMs), digits(b.leastMbit), digits(b.leastMbitAt20)];
      }),
    ),
    notes,
    method: "floor",
  });
}

/** Three digits: the model knows no more. */
const digits = (value: number | null) =>
  value === null ? "none is enough" : Number(value.toPrecision(value < 1 ? 2 : 3)).toLocaleString("en-GB");

function introduction(study: Study, caller: string): string {
  const error = modelError(study);
  const known =
    error === undefined
      ? `This run has no calls over links to test the model; in Lathe's own test (npm run bench:distance) half of all times are within ${100 * BENCH_ERROR} %.`
      : `For this run's calls over links, the model's median error is ${formatShare(error.share)} (${count(error.cells, "cell")}).`;
  return `Which server ${caller} should call, by a model: times of each machine's own calls and sizes of requests are measured, the network between machines is computed. ${known}`;
}

function mapFigure(questions: readonly WhereToServe[], study: Study, name: (kind: string) => string) {
  const servers = [...new Set(questions.flatMap((q) => q.remotes.map((r) => r.server)))];
  const own = (q: WhereToServe) => `own (${q.clientMachine})`;
  const colours = Object.fromEntries([
    ...questions.map((q) => [own(q), OWN_COLOUR] as const),
    ...servers.map((server, i) => [server, SERVER_COLOURS[i % SERVER_COLOURS.length] ?? "muted"] as const),
  ]);
  const error = modelError(study)?.share ?? BENCH_ERROR;
  const marks = [...new Map(study.manifest.cells.flatMap((c) => (c.link === undefined ? [] : [[c.link.name, c.link]])))]
    .filter(([, link]) => link.mbit !== null && link.rttMs >= RTTS[0] && link.mbit <= (MBITS.at(-1) ?? 0))
    .map(([linkName, link]) => ({ x: link.rttMs, y: link.mbit ?? 1, name: linkName }));
  const panels = questions.map((q) => {
    const fields = RTTS.flatMap((rttMs) =>
      MBITS.map((mbit): MapField => {
        const best = fastestAt(q, { rttMs, mbit });
        // Within the model's error the other answer may be the right one.
        const rival = best.server === null ? nearestRemote(q, rttMs, mbit) : q.localMs;
        const unsure = Math.max(best.ms, rival) / Math.min(best.ms, rival) < 1 + error;
        return { x: rttMs, y: mbit, region: best.server ?? own(q), unsure };
      }),
    );
    const title = `${modelTitle(study.manifest, q.model)}, ${name(q.client)}`;
    return {
      title,
      text: shareText(fields),
      picture: regionMap({
        ...{ label: `Where to serve ${title}: ${shareText(fields)}`, fields, colours, marks },
        ...{ xLabel: "round trip, ms (log scale)", yLabel: "Mbit/s (log)" },
      }),
    };
  });
  return figure({
    title: "Where to serve",
    caption:
      "The fastest server by round trip and bandwidth between the client machine and all others. Faint: within the model's error. Diamonds: links of this run.",
    legend: Object.entries(colours).map(([label, colour]) => ({ label, colour, sign: "square" as const })),
    alternative: panels.map((p) => `${p.title}: ${p.text}`).join("; "),
    panels,
    method: "floor",
  });
}

function nearestRemote(q: WhereToServe, rttMs: number, mbit: number): number {
  return fastestAt({ ...q, localMs: Infinity }, { rttMs, mbit }).ms;
}

/** How much of the map is whose. */
function shareText(fields: readonly MapField[]): string {
  return [...Map.groupBy(fields, (f) => f.region)]
    .map(([region, own]) => `${region} ${Math.round((100 * own.length) / fields.length)} % of the map`)
    .join(", ");
}

/** Numbers from one to another, the same factor apart. */
function grid(low: number, high: number, n: number): [number, ...number[]] {
  return Array.from({ length: n }, (_, i) => low * (high / low) ** (i / (n - 1))) as [number, ...number[]];
}
