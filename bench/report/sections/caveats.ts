import type { RunManifest } from "../../records/manifest.ts";

/** A model's name, with what its numbers do not say. */
export function modelTitle(manifest: RunManifest, model: string): string {
  return isTimingOnly(manifest, model) ? `${model} (timing only)` : model;
}

/** Whether a model's detections mean nothing, so that its time alone may be reported. */
export function isTimingOnly(manifest: RunManifest, model: string): boolean {
  return manifest.servers.some((s) => s.models.some((m) => m.name === model && m.timingOnly && !m.isNull));
}

/** Stand-ins, what images say of themselves, and models whose time alone is real, in a few words: said wherever numbers are. */
export function caveats(manifest: RunManifest): string[] {
  const standIn = manifest.servers.filter((s) => s.standIn).map((s) => s.id);
  const notes = Map.groupBy(
    manifest.servers.filter((s) => s.note !== undefined),
    (s) => s.note ?? "",
  );
  const models = [...new Set(manifest.servers.flatMap((s) => s.models.map((m) => m.name)))];
  const timed = models.filter((m) => isTimingOnly(manifest, m));
  return [
    ...(standIn.length === 0 ? [] : [`a stand-in serves on ${standIn.join(", ")}`]),
    ...[...notes].map(([note, own]) => `${note.replace(/\.$/, "")} (${own.map((s) => s.id).join(", ")})`),
    ...(timed.length === 0 ? [] : [`timing only: ${timed.join(", ")}`]),
  ];
}
