import type { RunManifest } from "../../records/manifest.ts";
import { table } from "../blocks.ts";
import type { Section } from "../section.ts";

/** What each server ran on and with, as its own engine told when the run began. */
export const machinesSection: Section = {
  id: "machines",
  title: "The machines, and what their servers really ran with",
  short: "Machines",
  blocks: ({ manifest }) => (manifest.deployments.length === 0 ? [] : [machines(manifest)]),
};

function machines(manifest: RunManifest) {
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
  const titles = ["machine", "CPU", "cores", "threads", "server", "image"];
  return table({ columns: titles.map((title) => ({ title })), rows });
}
