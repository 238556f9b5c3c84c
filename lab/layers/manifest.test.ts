import { expect, test } from "vitest";
import { sha256 } from "../registry/blobs.ts";
import { imageConfig, imageManifest } from "./manifest.ts";

const layers = ["a", "b"].map((name, i) => ({
  ...{ digest: `sha256:${name.repeat(64)}`, bytes: 10 * (i + 1), mediaType: "application/x-layer" },
  diffId: `sha256:${String(i).repeat(64)}`,
}));
const config = {
  ...{ entrypoint: ["/x"], cmd: ["a b", "c"], env: { B: 'say "$HOME"', A: "1" } },
  ...{ exposedPorts: ["8501/udp", "8500"], labels: { z: "1", l: "v" } },
};

test("an image's configuration is as engines read it, values taken as they are", () => {
  expect(JSON.parse(imageConfig(config, layers, "x64"))).toEqual({
    ...{ architecture: "amd64", os: "linux", created: "1970-01-01T00:00:00Z" },
    config: {
      ...{ Env: ["A=1", 'B=say "$HOME"'], Labels: { l: "v", z: "1" }, Entrypoint: ["/x"], Cmd: ["a b", "c"] },
      ExposedPorts: { "8500/tcp": {}, "8501/udp": {} },
    },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
  });
  expect(JSON.parse(imageConfig({}, [], "arm64"))).toMatchObject({ architecture: "arm64", config: { Env: [] } });
});

test("the same image has the same digest, whatever the order of its parts; another one has another", () => {
  const of = (own: Parameters<typeof imageConfig>[0], below = layers) => sha256(imageConfig(own, below));
  const turned = { ...config, env: { A: "1", B: 'say "$HOME"' }, labels: { l: "v", z: "1" } };
  expect(of({ ...turned, exposedPorts: ["8500/tcp", "8501/udp"] })).toBe(of(config));
  expect(of({ ...config, cmd: [] })).not.toBe(of(config));
  expect(of(config, layers.toReversed())).not.toBe(of(config));
});

test("a manifest lists an image's configuration and its layers, lowest first", () => {
  const manifest = JSON.parse(imageManifest({ digest: "sha256:c", bytes: 7 }, layers)) as object;
  expect(manifest).toMatchObject({
    ...{ schemaVersion: 2, mediaType: "application/vnd.docker.distribution.manifest.v2+json" },
    config: { digest: "sha256:c", size: 7, mediaType: "application/vnd.docker.container.image.v1+json" },
    layers: layers.map(({ digest, bytes, mediaType }) => ({ digest, size: bytes, mediaType })),
  });
});
