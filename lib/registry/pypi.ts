import { $ } from "zx";
import { UserError } from "../errors.ts";
import type { Progress } from "../progress.ts";
import { dispatcher, download, fetchText } from "./http.ts";
import { keptArchive, memberFiles, noteBytes } from "./members.ts";
import { normalizeName, parseIndex, pickArchive, type IndexFile } from "./simple.ts";

/** Files inside one archive of an exact version of a Python package. */
export interface PypiSource {
  readonly package: string;
  readonly version: string;
  readonly archive: "wheel" | "sdist";
  /** The archive's own name, where several wheels exist and one is meant. */
  readonly filename?: string | undefined;
}

/** A file inside an archive; an sdist's or npm package's top folder is left out of the path. */
export interface Member {
  readonly file: string;
  readonly sha256: string;
}

/** What pip itself would use on this machine: its settings files, environment and defaults put together. */
interface PipSettings {
  readonly indexes: readonly string[];
  readonly cert: string | null;
}

/**
 * The paths of the members of one archive, fetched and checked once and then kept in the cache. None of the package's
 * set-up code runs.
 *
 * @throws UserError where the index has no such archive, or a member's SHA-256 is another
 */
export async function pypiFiles(
  source: PypiSource,
  members: readonly Member[],
  progress: Progress,
): Promise<readonly string[]> {
  const name = `${source.package} ${source.version} (${source.archive})`;
  return memberFiles(members, name, source.archive === "sdist", () => pypiArchive(source, progress));
}

/** One archive of a package, as pip would find it; kept in the cache. */
async function pypiArchive(source: PypiSource, progress: Progress): Promise<string> {
  const key = `pypi-${normalizeName(source.package)}-${source.version}-${source.filename ?? source.archive}`;
  return keptArchive(key, async (path) => {
    const settings = await pipSettings();
    const via = dispatcher(settings.cert ?? undefined);
    const title = `${source.package} ${source.version}`;
    progress.note(`looking up ${title}`);
    const file = await findArchive(source, settings, via);
    await download(file.url, path, {
      via,
      ...(file.digest === undefined ? {} : { digest: file.digest }),
      onBytes: noteBytes(progress, title),
    });
  });
}

async function findArchive(
  source: PypiSource,
  settings: PipSettings,
  via: ReturnType<typeof dispatcher>,
): Promise<IndexFile> {
  const failures: unknown[] = [];
  let listed = 0;
  for (const index of settings.indexes) {
    const url = `${index.replace(/\/+$/, "")}/${normalizeName(source.package)}/`;
    const accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
    const page = await fetchText(url, { accept }, via).catch((error: unknown) => void failures.push(error));
    if (page === undefined) continue;
    const files = parseIndex(page.text, page.contentType, page.url);
    listed += files.length;
    const found = pickArchive(files, source.package, source.version, source.archive, source.filename);
    if (found !== undefined) return found;
  }
  if (listed === 0 && failures[0] instanceof Error) throw failures[0];
  throw new UserError({
    what: `your package index has no ${source.archive} of ${source.package} ${source.version}`,
    expected: `one among the ${listed} archives it lists`,
    fix: "pip config list, and check that the index (or mirror) carries this version",
  });
}

/** pip's effective settings, asked of pip itself so that no index is named here. */
async function pipSettings(): Promise<PipSettings> {
  const script = [
    "import json",
    "from pip._internal.commands import create_command",
    "o, _ = create_command('download').parse_args([])",
    "print(json.dumps({'indexes': ([] if o.no_index else [o.index_url]) + o.extra_index_urls, 'cert': o.cert}))",
  ].join("\n");
  const result = await $({ nothrow: true, quiet: true })`python3 -c ${script}`;
  if (result.exitCode !== 0)
    throw new UserError({
      what: `cannot read pip's settings: ${result.stderr.trim().split("\n").at(-1) ?? ""}`,
      fix: "apt-get install python3 python3-pip python3-venv",
    });
  return JSON.parse(result.stdout.trim().split("\n").at(-1) ?? "{}") as PipSettings;
}
