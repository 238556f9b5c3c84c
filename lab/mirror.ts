import { request } from "undici";
import { UserError } from "../lib/errors.ts";
import type { Progress } from "../lib/progress.ts";
import { needPrograms } from "./debian/needs.ts";
import { manifestDigest } from "./registry/registry.ts";
import { run } from "./run.ts";
import type { Lab } from "./state.ts";

/** Docker Hub, from which images without a registry in their name come. */
const DOCKER_HUB = "https://registry-1.docker.io/v2/";
const PATIENCE_MS = 4_000;

/** Whether this machine can reach Docker Hub. Any answer counts; without a login it is an error of HTTP. */
export async function dockerHubReachable(url = DOCKER_HUB): Promise<boolean> {
  try {
    const { body } = await request(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await body.dump();
    return true;
  } catch {
    return false;
  }
}

/**
 * Copies an image from another registry to the lab's: hosts, which cannot reach the other one, pull it there by digest. Uses
 * skopeo, so no Docker engine is needed here.
 *
 * @param plainHttp the other registry speaks plain HTTP
 * @throws UserError if it cannot be copied
 */
export async function mirrorImage(lab: Lab, source: string, progress: Progress, plainHttp = false): Promise<string> {
  await needPrograms(["skopeo"], progress);
  const { name, tag } = splitReference(source);
  const { address } = lab.registry;
  progress.step(`image ${source} for the lab's registry (skopeo copy)`, 120);
  const tls = ["--dest-tls-verify=false", ...(plainHttp ? ["--src-tls-verify=false"] : [])];
  const target = `${address}/${name}:${tag}`;
  await run([
    "skopeo",
    "--insecure-policy",
    "copy",
    "-q",
    "--preserve-digests",
    ...tls,
    `docker://${source}`,
    `docker://${target}`,
  ]);
  const digest = await manifestDigest(address, name, tag);
  if (digest === undefined) throw new UserError({ what: `registry ${address}: has no ${name}:${tag} after its copy` });
  progress.done(digest.slice(0, 19));
  return `${address}/${name}@${digest}`;
}

/** The repository and tag of a reference, without its registry; a digest becomes a tag that names it. */
export function splitReference(reference: string): { name: string; tag: string } {
  const [path = "", digest] = reference.split("@");
  const parts = path.split("/");
  const first = parts[0] ?? "";
  const hasRegistry = parts.length > 1 && (/[.:]/.test(first) || first === "localhost");
  const rest = (hasRegistry ? parts.slice(1) : parts).join("/");
  const [name = "", tag = "latest"] = rest.split(":");
  return { name, tag: digest === undefined ? tag : digest.replace(":", "-") };
}
