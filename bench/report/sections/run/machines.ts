import type { Server } from "../../../../infra/outputs.ts";
import type { RunManifest } from "../../../records/manifest.ts";
import { type Block, table } from "../../blocks.ts";

/** What each server ran on and with, as its container's engine said when the run began. */
export function machinesTable(manifest: RunManifest): Block[] {
  if (manifest.servers.length === 0) return [];
  const rows = manifest.servers.map((server) => {
    const { cpu } = manifest.machines.find((m) => m.id === server.machineId)?.facts ?? {};
    const share = cpu == null || cpu.quotaCpus === null ? "" : `, ${cpu.quotaCpus} CPU quota`;
    const each = server.replicas === undefined ? "" : `, shared by ${server.replicas.length + 1} replicas`;
    const cores = server.placement.physicalCores * (1 + (server.replicas?.length ?? 0));
    return [
      server.id,
      cpu?.model ?? "–",
      `${cores} physical${share}${each}`,
      settings(server, manifest),
      server.kind + (server.standIn ? " (stand-in)" : ""),
      server.image.replace(/^.*@sha256:(.{12}).*$/, "sha256:$1"),
      server.imageBytes === undefined ? "–" : `${Math.round(server.imageBytes / 1e6)} MB`,
    ];
  });
  return [
    table({
      columns: ["server", "CPU", "cores", "settings", "kind", "image", "image size"],
      rows,
      notes: manifest.servers.flatMap(({ id, note }) => (note === undefined ? [] : [`${id}: ${note}`])),
    }),
  ];
}

/** A server's settings, as its container's environment says them where it does. */
function settings(server: Server, { readBack }: RunManifest): string {
  const back = readBack[server.id];
  if (back === undefined || "unread" in back) return `not read back: ${back?.unread ?? "not asked"}`;
  const shown = Object.entries(server.settings).map(([name, value]) => `${name} ${back.env[name] ?? value}`);
  return shown.join(", ") || "–";
}
