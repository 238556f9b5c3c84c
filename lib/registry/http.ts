import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { Readable, Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { rootCertificates } from "node:tls";
import { EnvHttpProxyAgent, fetch, type Dispatcher, type Response } from "undici";
import { leftovers, ownName } from "../cache/unfinished.ts";
import { UserError, messageOf } from "../errors.ts";

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;

/** An error that would come again if the request were repeated. */
class FinalError extends Error {}

/** How to ask one address. */
interface Asking {
  /** A file of certificates to trust besides the machine's. */
  readonly ca?: string | undefined;
}

/**
 * Connects as this machine does: through the proxy of `HTTPS_PROXY`/`NO_PROXY`, and with Node's certificates and those of
 * `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS`, because a machine often trusts its mirrors by those alone.
 */
function dispatcher(more: string | undefined): Dispatcher {
  const files = new Set([process.env["SSL_CERT_FILE"], process.env["NODE_EXTRA_CA_CERTS"], more]);
  const extra = [...files].filter((file) => file !== undefined && existsSync(file)) as string[];
  const tls = { ca: [...rootCertificates, ...extra.map((file) => readFileSync(file, "utf8"))] };
  return new EnvHttpProxyAgent({ connect: tls, requestTls: tls, headersTimeout: 120_000, bodyTimeout: 120_000 });
}

/** Fetches a page. @returns its text, its type, and its address after redirects */
export async function fetchText(url: string, { accept, ca }: Asking & { readonly accept: string }) {
  return retried(url, ATTEMPTS, async () => {
    const response = await get(url, { accept }, ca);
    return { text: await response.text(), type: response.headers.get("content-type") ?? "", url: response.url };
  });
}

/**
 * Downloads a file, checks it, and only then gives it the name `path`. Until then it has a name that no other process writes
 * to. If a broken connection or a killed process left a part (`path.part`), a Range request continues it if the server allows
 * that. A page (HTML) is refused: Lathe fetches none, and a network's login page comes in place of any file.
 *
 * @param onBytes called as bytes arrive: those on disk so far, and the whole if the server said it
 */
export async function download(
  url: string,
  path: string,
  options: Asking & {
    /** SHA-256 in hex; absent: it is not known. */
    sha256?: string;
    onBytes?: (done: number, total?: number) => void;
    /** Attempts before it has failed. Default: 5. */
    attempts?: number;
    /** More bytes than this are refused; absent: any number. */
    mostBytes?: number;
    /** Checks the whole file before it gets its name. @throws Error if it is not what was wanted */
    check?: (part: string) => Promise<void>;
  },
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const { mostBytes = Infinity } = options;
  const part = ownName(`${path}.part`);
  for (const left of [`${path}.part`, ...(await leftovers(`${path}.part`))]) await rename(left, part).catch(() => {});
  const attempt = async () => {
    const have = (await stat(part).catch(() => undefined))?.size ?? 0;
    const range: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
    const response = await get(url, range, options.ca);
    await refusePage(response, url);
    const resumed = response.status === 206;
    const length = Number(response.headers.get("content-length")) || undefined;
    let done = resumed ? have : 0;
    const total = length === undefined ? undefined : done + length;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, callback) {
        done += chunk.length;
        if (done > mostBytes) return callback(new FinalError(`more than ${mostBytes} bytes`));
        options.onBytes?.(done, total);
        callback(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body!), count, createWriteStream(part, { flags: resumed ? "a" : "w" }));
    if (total !== undefined && done !== total) throw new Error(`got ${done} of ${total} bytes`);
    if (options.sha256 !== undefined) await checkDigest(part, options.sha256, url);
    await options.check?.(part).catch(async (error: unknown) => {
      await rm(part, { force: true });
      throw new FinalError(`${fileName(url)}: ${messageOf(error)}`);
    });
  };
  await retried(url, options.attempts ?? ATTEMPTS, attempt).catch(async (error: unknown) => {
    // The next process has another name for its part: it looks for this one.
    await rename(part, `${path}.part`).catch(() => {});
    throw error;
  });
  await rename(part, path);
}

async function refusePage(response: Response, url: string): Promise<void> {
  if (!/^text\/html\b/i.test(response.headers.get("content-type") ?? "")) return;
  await response.body?.cancel();
  throw new FinalError(
    `${fileName(url)}: a page (HTML) came in place of the file: a login page of the network, or a wrong address`,
  );
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

async function get(url: string, headers: Record<string, string>, ca: string | undefined): Promise<Response> {
  const { address, authorization } = splitCredentials(url);
  const response = await fetch(address, {
    dispatcher: dispatcher(ca),
    // No compression: the body's length is compared with what the server says.
    headers: { "user-agent": "lathe", "accept-encoding": "identity", ...headers, ...authorization },
  });
  if (response.ok) return response;
  await response.body?.cancel();
  // There is nothing to continue: the part is whole, or belongs to another file. Start over.
  if (response.status === 416 && headers["range"] !== undefined) return get(url, {}, ca);
  const text = `${fileName(url)}: the server answered ${response.status}`;
  throw response.status >= 500 || [408, 429].includes(response.status) ? new Error(text) : new FinalError(text);
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
            what: `cannot fetch ${fileName(url)}: ${messageOf((error as Error).cause ?? error)}${n > 1 ? ` (${n} attempts)` : ""}`,
            fix: "check the connection, then run it again: finished parts are kept",
          },
          { cause: error },
        );
      await sleep(FIRST_PAUSE_MS * 2 ** (n - 1));
    }
  }
}

/** A URL for messages and records: without user, password, query and fragment, which may be secret. */
export function openUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** What messages call a URL: its last part, without credentials or query. */
function fileName(url: string): string {
  return new URL(url).pathname.split("/").filter(Boolean).at(-1) ?? url;
}
