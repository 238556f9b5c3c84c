import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import { UserError } from "../../lib/errors.ts";

/* What is written to a registry, by its HTTP API (Docker Registry HTTP API V2). It speaks plain HTTP and asks for no login. */

/** As registries name content: `sha256:…`. */
export const sha256 = (content: string | Uint8Array): string =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** Whether a repository of a registry has a blob. */
export async function hasBlob(address: string, repository: string, digest: string): Promise<boolean> {
  return (await ask("HEAD", `http://${address}/v2/${repository}/blobs/${digest}`, [200, 404])).statusCode === 200;
}

/** Takes a blob from another repository of the registry, without an upload. @returns false where that has none */
export async function mountBlob(address: string, repository: string, digest: string, from: string): Promise<boolean> {
  const query = new URLSearchParams({ mount: digest, from });
  const answer = await ask("POST", `http://${address}/v2/${repository}/blobs/uploads/?${query.toString()}`, [201, 202]);
  if (answer.statusCode === 201) return true;
  // An upload was begun in its stead, for the whole blob: not now.
  await ask("DELETE", locationOf(answer, address), [204, 404]);
  return false;
}

/** Sends a blob as a stream: its digest is known, and told to the registry, once all of it has passed. */
export async function putBlob(
  address: string,
  repository: string,
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<{ digest: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  async function* counted() {
    for await (const chunk of content) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  const begun = await ask("POST", `http://${address}/v2/${repository}/blobs/uploads/`, [202]);
  const type = { "content-type": "application/octet-stream" };
  const body = Readable.from(counted(), { objectMode: false });
  const sent = await ask("PATCH", locationOf(begun, address), [202], { body, headers: type });
  const digest = `sha256:${hash.digest("hex")}`;
  const end = new URL(locationOf(sent, address));
  end.searchParams.set("digest", digest);
  await ask("PUT", end.href, [201], { headers: type });
  return { digest, bytes };
}

/** Gives a manifest, and with it an image, to a tag. @returns the digest by which the registry keeps it */
export async function putManifest(
  address: string,
  repository: string,
  tag: string,
  mediaType: string,
  manifest: string,
): Promise<string> {
  const url = `http://${address}/v2/${repository}/manifests/${tag}`;
  const answer = await ask("PUT", url, [201], { body: manifest, headers: { "content-type": mediaType } });
  return String(answer.headers["docker-content-digest"]);
}

type Sent = Pick<Dispatcher.RequestOptions, "body" | "headers">;
type Answer = Pick<Dispatcher.ResponseData, "statusCode" | "headers">;

/** A registry stores a layer of a gigabyte within this time, and verifies it: it then reads all of it. */
const PATIENCE_MS = 300_000;

/** @throws UserError with the registry's own words where the answer is none of `expected` */
async function ask(method: "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE", url: string, expected: number[], sent?: Sent) {
  const answer = await request(url, { method, headersTimeout: PATIENCE_MS, ...sent });
  const text = (await answer.body.text()).slice(0, 500);
  if (expected.includes(answer.statusCode)) return answer as Answer;
  const { host, pathname } = new URL(url);
  throw new UserError({ what: `registry ${host}: ${method} ${pathname}: HTTP ${answer.statusCode} ${text}`.trim() });
}

function locationOf({ headers }: Answer, address: string): string {
  return new URL(String(headers["location"]), `http://${address}/`).href;
}
