import { COMBINATIONS, type Combination, type Experiment, publishedMs } from "../../paper/published.ts";
import { estimateOf, intervalOf, ofLog, type Interval } from "../math/estimate.ts";
import { median } from "../math/quantile.ts";
import { studentQuantile } from "../math/special.ts";
import type { WhereToServe } from "./where.ts";
import { PACKET_BYTES, SEGMENT_BYTES } from "./transfer.ts";

/*
 * What network the paper's remote numbers were measured over. The paper does not tell it. Of each remote cell of SSD the paper also has
 * the local one, on the machine of the server: what it takes longer is the way. Divided into the bytes of the request, that is a
 * bandwidth, and each cell says one. R-FCN takes so long by itself, and so differently from image to image, that it says nothing: it is
 * left to be predicted. Pure.
 */

/**
 * Bytes of the paper's requests, which it does not tell either. Its images are from COCO, whose photographs have 640 pixels a side, most
 * of them 640 x 480, three bytes each. As JSON, a value of a photograph takes 4.4 characters (2.4 to 2.6 digits, commas, brackets), as
 * Lathe sends it; Python writes a space behind each comma, and the paper's client is in Python.
 */
const PIXEL_BYTES = 640 * 480 * 3;
const JSON_CHARACTERS = 5.4;
export const PAPER_REQUEST_BYTES = { grpc: PIXEL_BYTES, rest: Math.round(PIXEL_BYTES * JSON_CHARACTERS) } as const;

/** What a detector answers, as Lathe measured it: a hundred objects at most, in one round whatever the protocol. */
const PAPER_ANSWER_BYTES = 4000;

/** How wrong the number of bytes may be: COCO's photographs have from 640 x 360 to 640 x 640 pixels, most at least 640 x 427. */
export const BYTES_ERROR = 0.11;

/** The round trip that is taken for granted: of a local network. `rttBound` says what else the numbers would allow. */
export const PAPER_RTT_MS = 2;

const REMOTE = ["remoteImage2", "remoteImage7"] as const satisfies readonly Experiment["id"][];

/** One remote number of the paper beside what a link explains. */
export interface ExplainedCell {
  readonly experiment: (typeof REMOTE)[number];
  readonly combination: Combination;
  readonly ms: number;
  /** The same without a link, of this image: the server's own machine calls itself. */
  readonly localMs: number;
  /** The bandwidth that the difference says; null of cells that are not used. */
  readonly mbit: number | null;
  /** By the fitted link. */
  readonly predictedMs: number;
}

/** The link to one of the paper's machines. */
export interface PaperLink {
  readonly machine: "edge" | "cloud";
  readonly mbit: number;
  /** Student's t over the cells, each of which says a bandwidth; null of fewer than two. */
  readonly interval: Interval | null;
  readonly cells: readonly ExplainedCell[];
  /** Median of how far predictions lie from what was published, as shares: of the cells that were used, and of the others. */
  readonly error: { readonly used: number; readonly others: number };
}

/** The number that reads like a copying slip (see the note in tables.json). */
const isSlip = (machine: string, experiment: string, key: string) =>
  machine === "cloud" && experiment === "remoteImage2" && key === "ssd-rest";

/** Megabits on the wire, headers included. */
const megabits = (protocol: Combination["protocol"]) =>
  (PAPER_REQUEST_BYTES[protocol] * (PACKET_BYTES / SEGMENT_BYTES) * 8) / 1e6;

/** The links that explain the paper's remote numbers, if every call's connection was warm and a round trip took `rttMs`. */
export function paperLinks(rttMs = PAPER_RTT_MS): readonly [edge: PaperLink, cloud: PaperLink] {
  return [linkTo("edge", rttMs), linkTo("cloud", rttMs)];
}

/**
 * What a call takes on the server's own machine. The paper has that for all ten images together, and for one image only of the client
 * machine: images are taken to differ on all machines alike.
 */
function localOf(machine: string, experiment: (typeof REMOTE)[number], combination: Combination): number | undefined {
  const of = (id: Experiment["id"], role: string) => publishedMs({ id } as Experiment, role, combination);
  const [all, image, allOnClient] = [of("local", machine), of(experiment, "client"), of("local", "client")];
  if (all === undefined || image === undefined || allOnClient === undefined) return undefined;
  return (all * image) / allOnClient;
}

function linkTo(machine: PaperLink["machine"], rttMs: number): PaperLink {
  const all = REMOTE.flatMap((experiment) =>
    COMBINATIONS.flatMap((combination) => {
      const ms = publishedMs({ id: experiment } as Experiment, machine, combination);
      const localMs = localOf(machine, experiment, combination);
      return ms === undefined || localMs === undefined || isSlip(machine, experiment, combination.key)
        ? []
        : [{ experiment, combination, ms, localMs }];
    }),
  );
  const used = all.map(({ combination, ms, localMs }) =>
    combination.paperModel === "ssd" ? (1000 * megabits(combination.protocol)) / (ms - localMs - rttMs) : null,
  );
  const log = estimateOf(used.flatMap((mbit) => (mbit === null ? [] : [Math.log(mbit)])));
  const mbit = ofLog(log.value);
  const interval = intervalOf(log);
  const cells = all.map((cell, i): ExplainedCell => {
    const wireMs = (1000 * megabits(cell.combination.protocol)) / mbit;
    return { ...cell, mbit: used[i] ?? null, predictedMs: cell.localMs + rttMs + wireMs };
  });
  const error = (own: readonly ExplainedCell[]) =>
    median(own.map(({ predictedMs, ms }) => Math.abs(predictedMs / ms - 1)));
  return {
    ...{ machine, mbit, cells },
    interval: interval && { low: ofLog(interval.low), high: ofLog(interval.high) },
    error: { used: error(cells.filter((c) => c.mbit !== null)), others: error(cells.filter((c) => c.mbit === null)) },
  };
}

/**
 * Where the paper might have served, by its own local numbers and the same arithmetic as a run's: from which way on one of its servers is
 * slower than its client machine.
 */
export function paperQuestions(): WhereToServe[] {
  const local = (role: string, combination: Combination) =>
    publishedMs({ id: "local" } as Experiment, role, combination);
  return COMBINATIONS.flatMap((combination) => {
    const localMs = local("client", combination);
    const requestBytes = PAPER_REQUEST_BYTES[combination.protocol];
    const remotes = (["cloud", "edge"] as const).flatMap((server) => {
      const serviceMs = local(server, combination);
      return serviceMs === undefined
        ? []
        : [{ server, serviceMs, requestBytes, responseBytes: PAPER_ANSWER_BYTES, sendMs: 0 }];
    });
    const [model = ""] = combination.title.split("\n");
    const { protocol, key: client } = combination;
    return localMs === undefined ? [] : [{ clientMachine: "client", model, client, protocol, localMs, remotes }];
  });
}

/**
 * The longest round trip that the paper's numbers do not speak against: REST sends some five times as much as gRPC, so a long way would
 * show in gRPC more than in REST. Up to it one bandwidth explains all cells as well as at its best (F test at 5 %), milliseconds.
 */
export function rttBound(machine: PaperLink["machine"]): number {
  const spread = (rttMs: number) => {
    const { cells, mbit } = linkTo(machine, rttMs);
    const logs = cells.flatMap((c) => (c.mbit === null ? [] : [Math.log(c.mbit / mbit) ** 2]));
    return { sum: logs.reduce((a, b) => a + b, 0), n: logs.length };
  };
  const shortest = Math.min(...linkTo(machine, 0).cells.flatMap((c) => (c.mbit === null ? [] : [c.ms - c.localMs])));
  const tried = Array.from({ length: Math.floor(shortest) }, (_, rttMs) => ({ rttMs, ...spread(rttMs) }));
  const best = Math.min(...tried.map((t) => t.sum));
  const allowed = tried.filter(({ sum, n }) => sum <= best * (1 + studentQuantile(0.975, n - 2) ** 2 / (n - 2)));
  return Math.max(...allowed.map((t) => t.rttMs));
}
