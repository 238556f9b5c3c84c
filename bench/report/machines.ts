import { formatTable } from "../../lib/table.ts";
import type { ReportInputs } from "./index.ts";

/** What each server ran on and with, as its own engine told when the run began. */
export function machinesSection({ manifest }: ReportInputs): string {
  const rows = manifest.deployments.map((d) => {
    const back = manifest.readBack[d.role];
    const threads =
      back === undefined || "unread" in back
        ? `not read back: ${back?.unread ?? "not asked"}`
        : `OMP ${back.env["OMP_NUM_THREADS"] ?? "–"}, intra ${back.env["TENSORFLOW_INTRA_OP_PARALLELISM"] ?? "–"}, inter ${
            back.env["TENSORFLOW_INTER_OP_PARALLELISM"] ?? "–"
          }`;
    const share = d.facts.cpu.quotaCpus === null ? "" : `, ${d.facts.cpu.quotaCpus} CPU quota`;
    return [
      d.role,
      d.facts.cpu.model,
      `${d.threads.physicalCores} physical${share}`,
      threads,
      d.server.kind + (d.server.standIn ? " (stand-in)" : ""),
      d.server.image.replace(/^.*@sha256:(.{12}).*$/, "sha256:$1"),
    ];
  });
  return [
    "The machines, and what their servers really ran with",
    formatTable(
      [
        { title: "machine" },
        { title: "CPU" },
        { title: "cores" },
        { title: "threads" },
        { title: "server" },
        { title: "image" },
      ],
      rows,
    ),
  ].join("\n");
}
