import { protocolTitle } from "../../../../clients/registry.ts";
import { EXPERIMENTS } from "../../../paper/published.ts";
import { formatInterval, formatMs } from "../../../format/numbers.ts";
import {
  BYTES_ERROR,
  PAPER_REQUEST_BYTES,
  PAPER_RTT_MS,
  type PaperLink,
  paperLinks,
  paperQuestions,
  rttBound,
} from "../../../stats/floor/paper-links.ts";
import { formatBytes } from "../../answer/names.ts";
import { type Block, fold, prose, rights, table } from "../../blocks.ts";
import type { ReportInputs } from "../../section.ts";
import { boundaryTable } from "./where.ts";

/** What network explains the paper's remote numbers; nothing where a run has none of the paper's models. */
export function paperLinkBlocks({ manifest }: ReportInputs): Block[] {
  if (!manifest.servers.some((s) => s.models.some((m) => m.paperModel !== undefined))) return [];
  const links = paperLinks();
  return [
    prose(
      `The paper does not describe its network. Its remote calls of SSD fit a link of ${links.map(linkText).join(" and ")}. ` +
        "That is the bandwidth. The numbers do not show the round trip " +
        `(up to ${links.map((l) => `${rttBound(l.machine)} ms to the ${l.machine}`).join(" and ")} fit them as well).`,
    ),
    fold(
      "Where the paper might have served",
      boundaryTable(
        "By the paper's own local numbers: until where a call from its client machine would be faster at its other servers",
        paperQuestions(),
        (q) => [q.model, protocolTitle(q.protocol)],
        ["The same model, with the paper's Table 1, and requests as large as they are taken to be below."],
      ),
    ),
    fold(
      "The paper's remote numbers by these links",
      table({
        columns: [
          "machine",
          "table",
          "model, protocol",
          ...rights("published,\nms", "local,\nms", "says\nMbit/s", "by the link,\nms"),
        ],
        rows: links.flatMap(({ machine, cells }) =>
          cells.map((c) => [
            ...[machine, EXPERIMENTS.find((e) => e.id === c.experiment)?.title.split(".")[0] ?? ""],
            c.combination.title.replace("\n", " "),
            ...[
              formatMs(c.ms),
              formatMs(c.localMs),
              c.mbit === null ? "not used" : formatMs(c.mbit),
              formatMs(c.predictedMs),
            ],
          ]),
        ),
        notes: [
          `The paper does not tell its requests' sizes: ${formatBytes(PAPER_REQUEST_BYTES.grpc)} over gRPC and ${formatBytes(PAPER_REQUEST_BYTES.rest)} as JSON are assumed. ` +
            `If its images were ${100 * BYTES_ERROR} % smaller (640 × 427 pixels), so would be the bandwidths. A round trip of ${PAPER_RTT_MS} ms is assumed, too.`,
          "Local: the paper's mean over ten images on that machine, times what this image took on the client machine over its mean there.",
          "R-FCN is not used: its calls take long, and so different times from image to image, that the network does not show. " +
            links
              .map(
                (l) =>
                  `To the ${l.machine} the link predicts it with a median error of ${(100 * l.error.others).toFixed(0)} %, and SSD with ${(100 * l.error.used).toFixed(0)} %`,
              )
              .join(". ") +
            ".",
          "One number is left out that reads like a copying slip (cloud, SSD over REST, Table 2).",
        ],
        method: "floor",
      }),
    ),
  ];
}

const linkText = ({ machine, mbit, interval }: PaperLink) =>
  `${mbit.toFixed(0)} Mbit/s to the ${machine} (95 % interval ${formatInterval(interval, (end) => end.toFixed(0))})`;
