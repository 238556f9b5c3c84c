import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { UserError } from "../../lib/errors.ts";
import { whitedOut } from "./whiteouts.ts";

/** A layer on its way to a registry: one pass over its files, of which no more than a few chunks are in memory. */
export interface Packed {
  readonly content: AsyncIterable<Uint8Array>;
  readonly mediaType: string;
  /** Known once `content` has been read to its end. */
  diffId(): string;
}

/** Not compressed: it stays on one machine, where packing and unpacking would cost more than the disk's reading. */
const MEDIA_TYPE = "application/vnd.docker.image.rootfs.diff.tar";

// Sorted, with numeric owners and whole seconds: the same folder gives the same bytes. Files' times stay as they are, since
// Python compares them with those in its compiled files.
const TAR = [
  ...["tar", "--create", "--sort=name", "--numeric-owner", "--one-file-system", "--format=posix"],
  "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime,delete=mtime",
  ...["--xattrs", "--xattrs-include=security.capability", "--xattrs-include=trusted.overlay.opaque"],
];

/**
 * Packs a layer's folder as images have it: whiteouts of overlayfs become `.wh.` entries. Needs to be root, or it sees no
 * opaque folders.
 *
 * @param onBytes called as bytes pass, with their number so far
 */
export function packed(dir: string, onBytes: (bytes: number) => void = () => {}): Packed {
  const hash = createHash("sha256");
  async function* content() {
    let bytes = 0;
    for await (const chunk of whitedOut(tarOf(dir))) {
      hash.update(chunk);
      onBytes((bytes += chunk.length));
      yield chunk;
    }
  }
  return { content: content(), mediaType: MEDIA_TYPE, diffId: () => `sha256:${hash.copy().digest("hex")}` };
}

/** @throws UserError with tar's words where it fails */
async function* tarOf(dir: string): AsyncGenerator<Buffer> {
  const argv = ["--pdeathsig", "KILL", "--", ...TAR, "-C", dir, "."];
  const child = spawn("setpriv", argv, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close") as Promise<[number | null, string | null]>;
  // Looked at below; meanwhile it must not count as a failure that nobody handles.
  ended.catch(() => {});
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const [code, signal] = await ended;
    if (code !== 0) throw new UserError({ what: `tar of ${dir} failed (${code ?? signal}): ${said.trim()}` });
  } finally {
    child.kill("SIGKILL");
  }
}
