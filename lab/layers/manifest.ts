import { arch } from "node:os";

/** How an image's containers start. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Such as `8500/tcp` or `8500`. */
  readonly exposedPorts?: readonly string[];
}

/** A layer as a registry has it. */
export interface LayerBlob {
  readonly digest: string;
  readonly bytes: number;
  readonly mediaType: string;
  /** Digest of its tar before it was packed: by it engines know which layers they have. */
  readonly diffId: string;
}

/** Docker's image manifest, version 2, schema 2: every engine since 1.10 pulls it. */
export const SCHEMA2 = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG = "application/vnd.docker.container.image.v1+json";

/** Docker names processors as Go does. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * An image's configuration as engines read it. The same image has the same text, whatever the order of its parts and the day:
 * a digest names it.
 */
export function imageConfig(config: ImageConfig, layers: readonly LayerBlob[], processor: string = arch()): string {
  const sorted = (record: Readonly<Record<string, string>> = {}) =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  const ports = (config.exposedPorts ?? []).map((port) => (port.includes("/") ? port : `${port}/tcp`)).sort();
  return JSON.stringify({
    architecture: ARCHITECTURES[processor] ?? processor,
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    config: {
      Env: sorted(config.env).map(([name, value]) => `${name}=${value}`),
      Labels: Object.fromEntries(sorted(config.labels)),
      ...(ports.length === 0 ? {} : { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) }),
      ...(config.entrypoint === undefined ? {} : { Entrypoint: config.entrypoint }),
      ...(config.cmd === undefined ? {} : { Cmd: config.cmd }),
    },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
  });
}

/** The manifest that binds an image's configuration to its layers, lowest first. */
export function imageManifest(
  config: { readonly digest: string; readonly bytes: number },
  layers: readonly LayerBlob[],
): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: SCHEMA2,
    config: { mediaType: CONFIG, size: config.bytes, digest: config.digest },
    layers: layers.map(({ mediaType, bytes, digest }) => ({ mediaType, size: bytes, digest })),
  });
}
