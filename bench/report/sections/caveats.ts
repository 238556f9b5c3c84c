import type { RunManifest } from "../../records/manifest.ts";

/** A model's name, with what its numbers do not say. */
export function modelTitle(manifest: RunManifest, model: string): string {
  return isTimingOnly(manifest, model) ? `${model} (timing only)` : model;
}

/** Whether a model's detections mean nothing, so that its time alone may be reported. */
export function isTimingOnly(manifest: RunManifest, model: string): boolean {
  return manifest.deployments.some((d) => d.models.some((m) => m.name === model && m.timingOnly && !m.isNull));
}

/** What stands in for something else or means less than it seems, in a few words: said wherever numbers are. */
export function caveats(manifest: RunManifest): string[] {
  const standIn = manifest.deployments.filter((d) => d.server.standIn).map((d) => d.role);
  const models = [...new Set(manifest.deployments.flatMap((d) => d.models.map((m) => m.name)))];
  const timed = models.filter((m) => isTimingOnly(manifest, m));
  return [
    ...(standIn.length === 0 ? [] : [`a stand-in serves on ${standIn.join(", ")}`]),
    ...(timed.length === 0 ? [] : [`timing only: ${timed.join(", ")}`]),
  ];
}
