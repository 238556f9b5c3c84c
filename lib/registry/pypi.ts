import { UserError, messageOf } from "../errors.ts";
import type { Progress } from "../progress.ts";
import { run, tryRun } from "../run.ts";
import { download, fetchText } from "./http.ts";
import { keptArchive, memberFiles, noteBytes, type Member } from "./members.ts";

/** Files inside one archive of an exact version of a Python package. */
export interface PypiSource {
  readonly package: string;
  /** As the archive's name spells it. */
  readonly version: string;
  readonly archive: "wheel" | "sdist";
  /** The archive's name, if there are several wheels and one of them is meant. */
  readonly filename?: string | undefined;
}

interface Archive {
  readonly filename: string;
  readonly url: string;
  readonly sha256: string | undefined;
}

/** Names of archives that can be used. Several wheels may fit: their data files are the same. */
const FITS = { wheel: /(-none-any|-manylinux\w*_x86_64.*)\.whl$/, sdist: /\.(tar\.\w+|tgz|zip)$/ };

/** The two forms of an index's answer: PEP 691 and PEP 503. */
const INDEX_TYPES = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";

/**
 * Members of one archive, kept in the cache. pip's settings name the indexes and certificates. None of the package's code runs.
 *
 * @throws UserError if the index has no such archive, or a SHA-256 is not the one promised
 */
export async function pypiFiles(
  source: PypiSource,
  members: readonly Member[],
  progress: Progress,
): Promise<readonly string[]> {
  const { package: name, version, archive: kind, filename } = source;
  const title = `${name} ${version}`;
  return memberFiles(members, `${title} (${kind})`, kind === "sdist", () =>
    keptArchive(`pypi-${name}-${version}-${filename ?? kind}`, async (path) => {
      progress.note(`looking up ${title}`);
      const { indexes, ca } = await indexSettings(await pipSettings());
      const lists = await Promise.allSettled(indexes.map((index) => archivesAt(index, name, ca)));
      const listed = lists.flatMap((list) => (list.status === "fulfilled" ? list.value : []));
      const fitting = listed.filter((a) => FITS[kind].test(a.filename) && (filename ?? a.filename) === a.filename);
      const found = fitting
        .filter((a) => plainName(stemOf(a.filename)) === plainName(`${name}-${version}`))
        .sort((a, b) => rank(a) - rank(b) || (a.filename < b.filename ? -1 : 1))[0];
      if (found !== undefined)
        return download(found.url, path, {
          ...{ attempts: 3, ca, onBytes: noteBytes(progress, title) },
          ...(found.sha256 && { sha256: found.sha256 }),
        });
      const why = lists.flatMap((list) => (list.status === "rejected" ? [`; ${messageOf(list.reason)}`] : []));
      throw new UserError({
        what: `cannot fetch ${title}: no ${kind} of ${title} among the ${fitting.length} archives that fit${why.join("")}`,
        fix: "pip config list, and check that the index (or mirror) carries this version",
      });
    }),
  );
}

/** pip's settings as variables (`PIP_INDEX_URL`): those of its files, and those of the environment, which take precedence. */
export async function pipSettings(): Promise<Record<string, string>> {
  const { exitCode, stdout } = await tryRun(["python3", "-m", "pip", "config", "list"]);
  return pipVariables(process.env, exitCode === 0 ? stdout : "");
}

/** pip's settings as variables. @param list what `pip config list` printed (`global.index-url='…'`) */
export function pipVariables(env: NodeJS.ProcessEnv, list: string): Record<string, string> {
  const lines = list.matchAll(/^(?:global|install|download|wheel)\.([a-z-]+)='(.*)'\s*$/gm);
  const files = [...lines].map(([, key = "", value = ""]) => {
    return [`PIP_${key.replaceAll("-", "_").toUpperCase()}`, value.replaceAll("\\n", " ").trim()];
  });
  const own = Object.entries(env).filter(([name, value]) => value !== undefined && /^PIP_/i.test(name));
  return Object.fromEntries([...files.reverse(), ...own]) as Record<string, string>;
}

async function indexSettings(pip: Record<string, string>) {
  const more = pip["PIP_EXTRA_INDEX_URL"]?.split(/\s+/).filter(Boolean) ?? [];
  return { indexes: [pip["PIP_INDEX_URL"] ?? (await defaultIndex()), ...more], ca: pip["PIP_CERT"] };
}

/** The index that pip uses if no setting names one. It is read from pip's own help, so that Lathe names none. */
async function defaultIndex(): Promise<string> {
  const help = await run(["python3", "-m", "pip", "download", "--help"], {
    fix: "apt-get install python3 python3-pip python3-venv",
  });
  const [, index] = /\(default\s+(https?:\S+?)\)/.exec(help) ?? [];
  if (index !== undefined) return index;
  throw new UserError({ what: "pip names no package index", fix: "pip config set global.index-url URL" });
}

async function archivesAt(index: string, name: string, ca: string | undefined): Promise<Archive[]> {
  const page = `${index.replace(/\/$/, "")}/${plainName(name)}/`;
  const { text, type, url } = await fetchText(page, { accept: INDEX_TYPES, ca });
  const { username, password, host } = new URL(page);
  const at = (href: string) => {
    const link = new URL(href, url);
    return link.host === host ? Object.assign(link, { username, password }) : link;
  };
  if (type.includes("json")) {
    const { files } = JSON.parse(text) as { files: { filename: string; url: string; hashes: { sha256?: string } }[] };
    return files.map((f) => ({ filename: f.filename, url: at(f.url).href, sha256: f.hashes.sha256 }));
  }
  return [...text.matchAll(/<a\s[^>]*href="([^"]+)"[^>]*>([^<]+)</g)].map(([, href = "", filename = ""]) => {
    const link = at(href.replaceAll("&amp;", "&"));
    return { filename: filename.trim(), url: link.href, sha256: /sha256=([0-9a-f]{64})/.exec(link.hash)?.[1] };
  });
}

/** `NAME-VERSION`: what a wheel's name begins with, and all of an sdist's but its ending. */
function stemOf(filename: string): string {
  return filename.endsWith(".whl") ? filename.split("-", 2).join("-") : filename.replace(FITS.sdist, "");
}

/** A name as PEP 503 compares it. */
function plainName(name: string): string {
  return name.replaceAll(/[-_.]+/g, "-").toLowerCase();
}

/** The wheel for any platform comes first. The order is the same on every machine. */
function rank({ filename }: Archive): number {
  return filename.endsWith("-none-any.whl") ? 0 : 1;
}
