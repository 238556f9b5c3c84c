import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeAtomic } from "../lib/cache/cached.ts";
import { UserError } from "../lib/errors.ts";
import { cacheDir } from "../lib/paths.ts";
import type { Progress } from "../lib/progress.ts";
import { type ImageConfig, type LayerBlob, imageConfig, imageManifest, SCHEMA2 } from "./layers/manifest.ts";
import { packed } from "./layers/pack.ts";
import type { Layer } from "./layers/layer.ts";
import { hasBlob, mountBlob, putBlob, putManifest, sha256 } from "./registry/blobs.ts";
import { manifestDigest } from "./registry/registry.ts";
import type { Lab } from "./state.ts";

export type { ImageConfig } from "./layers/manifest.ts";
export type { Layer } from "./layers/layer.ts";

/** An image to be: its layers and its configuration. Images that share their first layers share them in registry and hosts. */
export interface ImageSource {
  /** Repository in the registry: `lathe/small`. */
  readonly name: string;
  readonly tag: string;
  /** Lowest first; each is laid over those before it. */
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

/** An image as the registry has it. */
export interface PushedImage {
  /** `10.213.7.2:5000/lathe/small@sha256:…`: what a host pulls. */
  readonly reference: string;
  readonly digest: string;
  /** Bytes that were sent to the registry; 0 where it had all of it. */
  readonly sentBytes: number;
}

/** What the cache remembers of a layer that some registry of this cache has. */
interface LayerNote extends LayerBlob {
  readonly key: string;
  /** A repository that has it: others take it from there without another upload. */
  readonly repository: string;
}

/**
 * Puts what the lab's registry lacks of an image there, over the registry's own protocol: layers, configuration, manifest. A
 * layer is packed and sent as a stream, once: its storage lies in the cache, where later labs and other images find it.
 *
 * @throws UserError where the registry refuses it
 */
export async function pushImage(lab: Lab, source: ImageSource, progress: Progress): Promise<PushedImage> {
  const { address } = lab.registry;
  const { name, tag, layers } = source;
  const noted = await Promise.all(layers.map((layer) => readNote(layer.key)));
  const known = noted.every((note) => note !== undefined) ? manifestOf(source, noted) : undefined;
  if (known !== undefined && (await manifestDigest(address, name, known.digest)) === known.digest)
    return { reference: `${address}/${name}@${known.digest}`, digest: known.digest, sentBytes: 0 };
  progress.step(`image ${name}:${tag} for the lab's registry`, 30);
  let sentBytes = 0;
  const blobs: LayerBlob[] = [];
  for (const [i, layer] of layers.entries()) {
    const { blob, sent } = await ensureLayer(address, name, layer, noted[i], (bytes) =>
      progress.note(`layer ${i + 1} of ${layers.length}, ${Math.round(bytes / 1e6)} MB`),
    );
    blobs.push(blob);
    if (sent) sentBytes += blob.bytes;
  }
  const { config, manifest, digest } = manifestOf(source, blobs);
  await putBlob(address, name, [Buffer.from(config)]);
  const stored = await putManifest(address, name, tag, SCHEMA2, manifest);
  if (stored !== digest)
    throw new UserError({ what: `registry ${address}: keeps ${name} as ${stored}, not ${digest}` });
  progress.done(`${digest.slice(0, 19)}, ${Math.round(sentBytes / 1e6)} MB sent`);
  return { reference: `${address}/${name}@${digest}`, digest, sentBytes };
}

/** A layer in one of a registry's repositories: found, taken from another repository, or sent. */
async function ensureLayer(
  address: string,
  repository: string,
  layer: Layer,
  note: LayerNote | undefined,
  onBytes: (bytes: number) => void,
): Promise<{ blob: LayerBlob; sent: boolean }> {
  if (note !== undefined) {
    if (await hasBlob(address, repository, note.digest)) return { blob: note, sent: false };
    if (await mountBlob(address, repository, note.digest, note.repository)) return { blob: note, sent: false };
  }
  const pack = packed(layer.dir, onBytes);
  const { digest, bytes } = await putBlob(address, repository, pack.content);
  const blob = { digest, bytes, diffId: pack.diffId(), mediaType: pack.mediaType };
  const written: LayerNote = { key: layer.key, repository, ...blob };
  await writeAtomic(notePath(layer.key), `${JSON.stringify(written)}\n`);
  return { blob, sent: true };
}

const notePath = (key: string): string =>
  cacheDir("lab", "images", `layer-${createHash("sha256").update(key).digest("hex").slice(0, 24)}.json`);

/** A damaged note counts as none: the layer is sent again. */
async function readNote(key: string): Promise<LayerNote | undefined> {
  try {
    return JSON.parse(await readFile(notePath(key), "utf8")) as LayerNote;
  } catch {
    return undefined;
  }
}

/** An image's configuration and manifest as the registry keeps them, and the digest that names both. Pure. */
function manifestOf(source: ImageSource, blobs: readonly LayerBlob[]) {
  const config = imageConfig(source.config, blobs);
  const manifest = imageManifest({ digest: sha256(config), bytes: Buffer.byteLength(config) }, blobs);
  return { config, manifest, digest: sha256(manifest) };
}
