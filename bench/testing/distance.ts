import type { Link } from "../matrix/link.ts";
import type { JournalRecord } from "../records/records.ts";
import type { CallTcp } from "../run/agent/tcp/facts.ts";
import { LinkFactsGatherer } from "../stats/floor/facts.ts";
import type { Study } from "../stats/study.ts";
import { callRecord } from "./calls.ts";
import { cellOf } from "./cells.ts";
import { manifestOf, studyOf } from "./studies.ts";

/** A link that adds nothing, and others. */
export const LINKS: readonly Link[] = [
  { name: "lan", rttMs: 0, mbit: null, loss: 0, jitterMs: 0 },
  { name: "far", rttMs: 80, mbit: 100, loss: 0, jitterMs: 0 },
];

const TCP: CallTcp = {
  ...{ connection: "warm", congestion: "cubic", mss: 1448, cwndBefore: 2000, cwnd: 2000, retransmits: 0 },
  ...{ deliveredBytes: 900_000, receivedBytes: 3000, rttMs: 80, rtoMs: 280 },
};

/**
 * A made-up run over links: client, cloud and edge call themselves, and the client calls the others over each link.
 *
 * @param ms how long a call takes
 * @param tcp what is different of the calls' connections over a link
 */
export function distanceStudy(
  ms: (server: string, model: string, link: Link | undefined) => number,
  tcp: Partial<CallTcp> = {},
  more: Partial<Extract<JournalRecord, { type: "call" }>> = {},
): Study {
  const placements = ["client", "cloud", "edge"].map((id) => [id, id] as const);
  const base = manifestOf({ placements, images: [{ name: "image-7", fileBytes: 1 }], clients: ["probe"] });
  const remote = ["cloud", "edge"].flatMap((server) =>
    ["rfcn-resnet101", "ssd-mobilenet"].flatMap((model) =>
      LINKS.map((link) => cellOf(["client", server], model, "probe", "image-7", { link })),
    ),
  );
  const manifest = { ...base, cells: [...base.cells, ...remote] };
  const study = studyOf(manifest, 3, (cell) => [{ totalMs: ms(cell.server, cell.model, cell.link) }]);
  const gatherer = new LinkFactsGatherer();
  for (const { id, link, clientMachine, serverMachine } of remote) {
    const about = {
      cell: id,
      round: 0,
      at: "2026-01-01T00:00:00.000Z",
      clientMachine,
      serverMachine,
      link: link?.name ?? "",
    };
    const rtt = { min: link?.rttMs ?? 0, median: (link?.rttMs ?? 0) + 0.2, max: 100 };
    for (const when of ["before", "after"] as const)
      gatherer.add({
        ...{ type: "link", ...about, when, means: "forwarder", congestion: { client: "cubic", server: "cubic" } },
        measured: { rttMs: rtt, echoes: 10, lost: 0, mbit: link?.mbit ?? null },
      });
    for (let round = 0; round < 3; round++)
      gatherer.add(callRecord(id, round, 100, { sendMs: 10, tcp: { ...TCP, ...tcp }, ...more }));
  }
  const data = new Map(
    [...study.data].map(([id, d]) => [id, { ...d, requestBytes: 921_676, responseBytes: 2600 }] as const),
  );
  return { ...study, data, links: gatherer.facts() };
}
