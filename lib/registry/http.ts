import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { rootCertificates } from "node:tls";
import { EnvHttpProxyAgent, request, type Dispatcher } from "undici";
import { UserError, messageOf } from "../errors.ts";

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;

/** An answer that no repetition will mend. */
class FinalError extends Error {}

let shared: Dispatcher | undefined;

/**
 * The machine's own way out: the proxy of `HTTPS_PROXY`/`NO_PROXY`, and Node's certificates together with those of
 * `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS`, since a machine often trusts its mirrors by those alone.
 */
function dispatcher(): Dispatcher {
  const files = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"].map((name) => process.env[name]).filter(Boolean);
  shared ??= new EnvHttpProxyAgent({ connect: tls(files), requestTls: tls(files) });
  return shared;
}

function tls(files: readonly (string | undefined)[]): { ca: string[] } {
  const extra = [...new Set(files)].flatMap((file) => {
    try {
      return [readFileSync(file ?? "", "utf8")];
    } catch {
      return [];
    }
  });
  return { ca: [...rootCertificates, ...extra] };
}

/**
 * Downloads a file to `path`, checks it and only then gives it that name. What a broken connection or a killed process
 * left (`path.part`) is continued with a Range request where the server allows it.
 *
 * @param onBytes called as bytes arrive: those on disk so far, and the whole if the server said it
 */
export async function download(
  url: string,
  path: string,
  options: {
    /** SHA-256 in hex; absent: it is not known. */
    sha256?: string;
    onBytes?: (done: number, total?: number) => void;
    /** How often it is tried before it counts as failed. Default: 5. */
    attempts?: number;
  },
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.part`;
  await retried(url, options.attempts ?? ATTEMPTS, async () => {
    const have = await stat(part).then(
      (s) => s.size,
      () => 0,
    );
    const range: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
    const response = await get(url, range);
    const resumed = response.statusCode === 206;
    const length = Number(header(response, "content-length")) || undefined;
    let done = resumed ? have : 0;
    const total = length === undefined ? undefined : done + length;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, callback) {
        done += chunk.length;
        options.onBytes?.(done, total);
        callback(null, chunk);
      },
    });
    await pipeline(response.body, count, createWriteStream(part, { flags: resumed ? "a" : "w" }));
    if (total !== undefined && done !== total) throw new Error(`got ${done} of ${total} bytes`);
    if (options.sha256 !== undefined) await checkDigest(part, options.sha256, url);
  });
  await rename(part, path);
}

async function checkDigest(part: string, sha256: string, url: string): Promise<void> {
  const seen = await fileDigest(part);
  if (seen === sha256) return;
  await rm(part, { force: true });
  throw new Error(`${fileName(url)}: sha256 is ${seen}, the list promised ${sha256}`);
}

/** A file's SHA-256 in hex, read as a stream. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function get(url: string, headers: Record<string, string>, hops = 0): Promise<Dispatcher.ResponseData> {
  const { address, authorization } = splitCredentials(url);
  const response = await request(address, {
    dispatcher: dispatcher(),
    headers: { "user-agent": "lathe", ...headers, ...authorization },
    headersTimeout: 120_000,
    bodyTimeout: 120_000,
  });
  const location = header(response, "location");
  if (response.statusCode >= 300 && response.statusCode < 400 && location !== "" && hops < 10) {
    await response.body.dump();
    return get(new URL(location, address).href, headers, hops + 1);
  }
  if (response.statusCode === 416) {
    // Nothing is left to continue: the part is whole or belongs to another file. Start over.
    await response.body.dump();
    return get(url, {}, hops);
  }
  if (response.statusCode !== 200 && response.statusCode !== 206) {
    await response.body.dump();
    const text = `${fileName(url)}: the server answered ${response.statusCode}`;
    const passing = response.statusCode >= 500 || response.statusCode === 429 || response.statusCode === 408;
    throw passing ? new Error(text) : new FinalError(text);
  }
  return response;
}

/** Takes `user:password@` out of a URL into a header. */
export function splitCredentials(url: string): { address: string; authorization: Record<string, string> } {
  const parsed = new URL(url);
  if (parsed.username === "") return { address: url, authorization: {} };
  const pair = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
  parsed.username = parsed.password = "";
  return { address: parsed.href, authorization: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` } };
}

async function retried<T>(url: string, attempts: number, attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (n >= attempts || error instanceof FinalError)
        throw new UserError(
          {
            what: `cannot fetch ${fileName(url)}: ${messageOf(error)}${n > 1 ? ` (${n} attempts)` : ""}`,
            fix: "check the connection, then run it again: finished parts are kept",
          },
          { cause: error },
        );
      await sleep(FIRST_PAUSE_MS * 2 ** (n - 1));
    }
  }
}

function header(response: Dispatcher.ResponseData, name: string): string {
  const value = response.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}

/** What messages call a URL: its last part, without credentials or query. */
function fileName(url: string): string {
  return new URL(url).pathname.split("/").filter(Boolean).at(-1) ?? url;
}
