import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { cacheDir } from "../../lib/paths.ts";
import { UserError } from "../../lib/errors.ts";
import { bootHost } from "../hosts/boot.ts";
import type { HostLimits } from "../hosts/limits.ts";
import { layFolders, layNames, layServices, putFile } from "../hosts/root.ts";

/** The registry is a host of this name, without login and Docker. */
export const REGISTRY_HOST = "registry";
/** Its number in the lab's subnet. */
export const REGISTRY_NUMBER = 2;
const PORT = 5000;
const STORAGE = "/var/lib/docker-registry";

const MANIFEST_TYPES = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.index.v1+json",
].join(", ");

/** Starts a lab's registry (Debian's docker-registry). */
export async function bootRegistry(lab: string, address: string, base: string, limits: HostLimits): Promise<void> {
  // Images are kept in the cache for all labs. Layers and manifests are named by digest, so labs can share them.
  const kept = cacheDir("registry");
  await mkdir(kept, { recursive: true });
  const upper = await layFolders(lab, REGISTRY_HOST);
  await layNames(upper, REGISTRY_HOST, []);
  const config = [
    "version: 0.1",
    "log: { level: warn }",
    `storage: { filesystem: { rootdirectory: ${STORAGE} }, delete: { enabled: true } }`,
    `http: { addr: "${address}:${PORT}", secret: one-registry-per-lab }`,
    "",
  ].join("\n");
  await putFile(upper, "etc/docker/registry/config.yml", config);
  await layServices(upper, ["registry /usr/bin/docker-registry serve /etc/docker/registry/config.yml"]);
  const binds = [[kept, STORAGE]] as const;
  await bootHost(lab, { name: REGISTRY_HOST, address, base, limits, memoryBytes: null, binds });
}

/** Waits until a registry answers. @throws UserError if it does not */
export async function awaitRegistry(address: string, seconds = 20): Promise<void> {
  for (let waited = 0; waited < seconds; waited += 0.1) {
    const status = await request(`http://${address}/v2/`, { headersTimeout: 2000 }).then(
      async (r) => (await r.body.dump(), r.statusCode),
      () => 0,
    );
    if (status === 200) return;
    await sleep(100);
  }
  throw new UserError({
    what: `registry ${address}: no answer after ${seconds} s`,
    fix: "npx lathe lab down, then up again",
  });
}

/** The digest that a registry has for a tag (`1.0`) or digest; undefined if it has none. */
export async function manifestDigest(
  address: string,
  repository: string,
  reference: string,
): Promise<string | undefined> {
  const url = `http://${address}/v2/${repository}/manifests/${reference}`;
  const answer = await request(url, { method: "HEAD", headers: { accept: MANIFEST_TYPES } });
  await answer.body.dump();
  if (answer.statusCode === 404) return undefined;
  const digest = answer.headers["docker-content-digest"];
  if (answer.statusCode === 200 && typeof digest === "string") return digest;
  throw new UserError({ what: `${url}: HTTP ${answer.statusCode}, digest ${String(digest)}` });
}
