import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Deployment } from "../infra/outputs.ts";
import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import type { Progress } from "../lib/progress.ts";
import { fetchPhotographs, loadPhotographList } from "../models/photographs.ts";
import { decodeImage } from "../models/pixels.ts";
import type { AgentBundle } from "./agent/bundle.ts";
import type { Cell } from "./cell.ts";
import { clientKinds } from "./clients/index.ts";
import { CLOCK, type ImageInfo, type RunManifest, TIMED_REGION } from "./manifest.ts";
import type { BenchOptions } from "./options.ts";
import { benchPlan, paperPlacements } from "./plan.ts";
import { readBack } from "./readback.ts";
import type { LoadedImage } from "./session.ts";

/** The cells that the options ask for on what is deployed. */
export function planCells(
  deployments: readonly Deployment[],
  images: readonly string[],
  options: BenchOptions,
): Cell[] {
  const placements = paperPlacements(deployments.map((d) => d.role)).filter((p) =>
    options.places.includes(p.clientRole === p.serverRole ? "local" : "remote"),
  );
  return benchPlan({
    placements,
    clientKinds: clientKinds.filter((k) => options.clientKinds.includes(k.name)),
    modelsByRole: Object.fromEntries(
      deployments.map((d) => [d.role, options.models ?? d.models.map((model) => model.name)]),
    ),
    images,
  });
}

/** Which photographs: a list (a YAML file of the checkout), and numbers in it (undefined: all). */
export type ImageChoice = Pick<BenchOptions, "photographs" | "images">;

/** The names of the photographs that the options ask for: `image-1` and so on. */
export async function imageNames(choice: ImageChoice): Promise<string[]> {
  return (await chosen(choice)).map((p) => `image-${p.id}`);
}

async function chosen({ photographs, images }: ImageChoice) {
  const list = await loadPhotographList(join(repoRoot, photographs));
  const missing = images?.filter((id) => !list.some((p) => p.id === id)) ?? [];
  if (missing.length > 0)
    throw new UserError({
      what: `--images: no photograph ${missing.join(", ")} in ${photographs}`,
      expected: `some of ${list.map((p) => p.id).join(", ")}`,
    });
  return images === undefined ? list : list.filter((p) => images.includes(p.id));
}

/** Fetches (once) and decodes the photographs. */
export async function loadImages(
  choice: ImageChoice,
  progress: Progress,
): Promise<{ images: LoadedImage[]; infos: ImageInfo[] }> {
  const photographs = await fetchPhotographs(await chosen(choice), progress);
  const images: LoadedImage[] = [];
  const infos: ImageInfo[] = [];
  for (const p of photographs) {
    const file = await readFile(p.path);
    const { width, height, data } = decodeImage(file);
    const name = `image-${p.id}`;
    images.push({
      type: "image",
      name,
      width,
      height,
      rgb: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
      file: file.toString("base64"),
    });
    infos.push({ name, source: p.name, sha256: p.sha256, fileBytes: file.length, width, height });
  }
  return { images, infos };
}

/** All that a run's records will refer to. Asks each server's engine what its container really runs with. */
export async function newManifest(
  id: string,
  deployments: readonly Deployment[],
  infos: readonly ImageInfo[],
  options: BenchOptions,
  bundle: AgentBundle,
): Promise<RunManifest> {
  const require = createRequire(import.meta.url);
  const { version } = require("../package.json") as { version: string };
  const git = (...args: string[]) => {
    const result = spawnSync("git", args, { cwd: repoRoot, encoding: "utf8" });
    return result.status === 0 ? result.stdout.trim() : null;
  };
  const status = git("status", "--porcelain");
  const readBacks = await Promise.all(deployments.map(async (d) => [d.role, await readBack(d)] as const));
  return {
    schema: "lathe.run/1",
    id,
    createdAt: new Date().toISOString(),
    lathe: {
      version,
      commit: git("rev-parse", "HEAD"),
      dirty: status === null ? null : status !== "",
      agent: bundle.key,
      node: process.version,
    },
    clock: CLOCK,
    timedRegion: TIMED_REGION,
    seed: options.seed,
    limits: options.limits,
    clientKinds: [...options.clientKinds],
    deployments: [...deployments],
    readBack: Object.fromEntries(readBacks),
    photographs: options.photographs,
    images: [...infos],
    cells: planCells(
      deployments,
      infos.map((i) => i.name),
      options,
    ),
    remarks: remarks(deployments, options.remark),
  };
}

/** What a reader must know before the numbers: what stands in for something else, and what means less than it seems. */
export function remarks(deployments: readonly Deployment[], own: string | undefined): string[] {
  const standIn = deployments.filter((d) => d.server.standIn).map((d) => d.role);
  const timingOnly = [
    ...new Set(deployments.flatMap((d) => d.models.filter((m) => m.timingOnly && !m.isNull).map((m) => m.name))),
  ];
  const kernels = new Set(deployments.map((d) => `${d.facts.kernel} ${d.facts.cpu.model} ${d.facts.memoryBytes}`));
  return [
    ...(standIn.length > 0
      ? [
          `Server on ${standIn.join(", ")}: Lathe's stand-in for TF Serving (its API over the real TensorFlow runtime), not the TF Serving binary.`,
        ]
      : []),
    ...timingOnly.map(
      (name) => `Model ${name}: true architecture, random weights. Its time is real, its detections mean nothing.`,
    ),
    ...(own === undefined ? [] : [own]),
    ...(own === undefined && deployments.length > 1 && kernels.size === 1
      ? [
          "The machines have one kernel and CPU model in common: they look like parts of one machine, not like separate ones.",
        ]
      : []),
  ];
}
