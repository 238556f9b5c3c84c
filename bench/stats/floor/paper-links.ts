import { COMBINATIONS, type Combination, type Experiment, publishedMs } from "../../paper/published.ts";
import { estimateOf, intervalOf, ofLog, type Interval } from "../math/estimate.ts";
import { median } from "../math/quantile.ts";
import { studentQuantile } from "../math/special.ts";
import type { WhereToServe } from "./where.ts";
import { PACKET_BYTES, SEGMENT_BYTES } from "./transfer.ts";

/*
 * The network over which the paper's remote numbers were measured, which the paper does not describe. For each remote cell of SSD the paper
 * also has the time on the server's own machine. The request's bytes divided by the difference of the two are a bandwidth; each cell gives
 * one. R-FCN takes so long, and so different times from image to image, that it is not used: its numbers are only predicted. Pure.
 */

/**
 * Bytes of the paper's requests, which the paper does not tell. Its images are from COCO, whose photographs have a longest side of 640
 * pixels, most 640 x 480, three bytes each. As JSON, Lathe sends 4.4 characters a value (2.4 to 2.6 digits, commas, brackets). The paper's
 * client is written in Python, which puts a space behind each comma.
 */
const PIXEL_BYTES = 640 * 480 * 3;
const JSON_CHARACTERS = 5.4;
export const PAPER_REQUEST_BYTES = { grpc: PIXEL_BYTES, rest: Math.round(PIXEL_BYTES * JSON_CHARACTERS) } as const;

/** Bytes of a detector's answer, as Lathe measured it: a hundred objects at most, sent in one burst over any protocol. */
const PAPER_ANSWER_BYTES = 4000;

/** Possible error of the bytes, as a share: COCO's photographs have from 640 x 360 to 640 x 640 pixels, most at least 640 x 427. */
export const BYTES_ERROR = 0.11;

/** The assumed round trip: that of a local network. `rttBound` computes the longest one that the numbers allow. */
export const PAPER_RTT_MS = 2;

const REMOTE = ["remoteImage2", "remoteImage7"] as const satisfies readonly Experiment["id"][];

/** A remote number of the paper, and what the fitted link predicts. */
export interface ExplainedCell {
  readonly experiment: (typeof REMOTE)[number];
  readonly combination: Combination;
  readonly ms: number;
  /** The time of the same image without a link: the server's own machine calls itself. */
  readonly localMs: number;
  /** The bandwidth by the difference of the two; null: the cell is not used. */
  readonly mbit: number | null;
  /** The time that the fitted link predicts. */
  readonly predictedMs: number;
}

/** The link to one of the paper's machines. */
export interface PaperLink {
  readonly machine: "edge" | "cloud";
  readonly mbit: number;
  /** Student's t over the cells' bandwidths; null for fewer than two cells. */
  readonly interval: Interval | null;
  readonly cells: readonly ExplainedCell[];
  /** Median distance of predictions from published numbers, as a share: of the cells that were used, and of the others. */
  readonly error: { readonly used: number; readonly others: number };
}

/** The number that reads like a copying slip (see the note in tables.json). */
const isSlip = (machine: string, experiment: string, key: string) =>
  machine === "cloud" && experiment === "remoteImage2" && key === "ssd-rest";

/** Megabits on the wire, headers included. */
const megabits = (protocol: Combination["protocol"]) =>
  (PAPER_REQUEST_BYTES[protocol] * (PACKET_BYTES / SEGMENT_BYTES) * 8) / 1e6;

/** The links that fit the paper's remote numbers best, if every connection was warm and a round trip took `rttMs`. */
export function paperLinks(rttMs = PAPER_RTT_MS): readonly [edge: PaperLink, cloud: PaperLink] {
  return [linkTo("edge", rttMs), linkTo("cloud", rttMs)];
}

/**
 * The time of one image's call on the server's own machine. The paper has it for all ten images together; for single images it has times of the
 * client machine alone. So the ratio of an image to all ten is taken to be the same on all machines.
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
 * Where the paper might have served, by its own local numbers, computed as for a run: from which round trip and bandwidth on each of its servers
 * is slower than its client machine.
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
 * The longest round trip that the paper's numbers allow, milliseconds: up to it, one bandwidth fits all cells as well as with the best round
 * trip (F test at 5 %). REST sends some five times as many bytes as gRPC, so a long round trip would show more in gRPC's times.
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
