import type { Digest } from "./http.ts";

/*
 * The simple repository index of Python packages (PEP 503 HTML, PEP 691 JSON): which archives a project has. Pure text
 * in, plain data out.
 */

/** One archive of a project, as its index page lists it. */
export interface IndexFile {
  readonly filename: string;
  /** Absolute. */
  readonly url: string;
  /** The digest the index promises, the strongest that Node knows. */
  readonly digest?: Digest;
  readonly yanked: boolean;
}

const ALGORITHMS = ["sha512", "sha256", "sha1", "md5"] as const;

/** A project's name as indexes spell it in URLs (PEP 503). */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

/** The archives on a project's index page, by its content type. `pageUrl` makes relative links absolute. */
export function parseIndex(text: string, contentType: string, pageUrl: string): IndexFile[] {
  return contentType.includes("json") ? parseJson(text, pageUrl) : parseHtml(text, pageUrl);
}

function parseJson(text: string, pageUrl: string): IndexFile[] {
  const page = JSON.parse(text) as {
    files?: { filename: string; url: string; hashes?: Record<string, string>; yanked?: boolean | string }[];
  };
  return (page.files ?? []).map((file) => ({
    filename: file.filename,
    url: new URL(file.url, pageUrl).href,
    ...digestOf((algorithm) => file.hashes?.[algorithm]),
    yanked: file.yanked !== undefined && file.yanked !== false,
  }));
}

function parseHtml(text: string, pageUrl: string): IndexFile[] {
  const base = attribute(/<base\b[^>]*>/i.exec(text)?.[0] ?? "", "href") ?? pageUrl;
  return [...text.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/gi)].flatMap(([, attributes = "", label = ""]) => {
    const href = attribute(attributes, "href");
    if (href === undefined) return [];
    const url = new URL(href, new URL(base, pageUrl));
    const fragment = new URLSearchParams(url.hash.slice(1));
    url.hash = "";
    return [
      {
        filename: unescapeHtml(label.replace(/<[^>]*>/g, "")).trim(),
        url: url.href,
        ...digestOf((algorithm) => fragment.get(algorithm) ?? undefined),
        yanked: /\bdata-yanked\b/i.test(attributes),
      },
    ];
  });
}

function digestOf(valueOf: (algorithm: string) => string | undefined): { digest?: Digest } {
  for (const algorithm of ALGORITHMS) {
    const hex = valueOf(algorithm)?.toLowerCase();
    if (hex !== undefined && hex !== "") return { digest: { algorithm, hex } };
  }
  return {};
}

function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "i").exec(tag);
  const value = match?.[1] ?? match?.[2];
  return value === undefined ? undefined : unescapeHtml(value);
}

function unescapeHtml(text: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => named[name] ?? whole);
}

/**
 * The one archive of a version and kind. A wheel must be for any Python or, where `anyPlatform` is not asked, may be the
 * first one listed: data files are the same in all of them, and their own checksums are checked anyway.
 */
export function pickArchive(
  files: readonly IndexFile[],
  name: string,
  version: string,
  kind: "wheel" | "sdist",
  filename?: string,
): IndexFile | undefined {
  if (filename !== undefined) return files.find((file) => file.filename === filename);
  const fitting = files.filter((file) => {
    const parsed = parseArchiveName(file.filename);
    return parsed?.kind === kind && normalizeName(parsed.name) === normalizeName(name) && parsed.version === version;
  });
  return fitting.find((file) => file.filename.endsWith("-none-any.whl")) ?? fitting.toSorted(byName)[0];
}

function byName(a: IndexFile, b: IndexFile): number {
  return a.filename < b.filename ? -1 : 1;
}

/** Name, version and kind of an archive by its file name; undefined for anything else. */
export function parseArchiveName(
  filename: string,
): { name: string; version: string; kind: "wheel" | "sdist" } | undefined {
  if (filename.endsWith(".whl")) {
    const [name, version] = filename.split("-");
    return name && version ? { name, version, kind: "wheel" } : undefined;
  }
  const match = /^(.+)-([^-]+)\.(?:tar\.gz|tgz|zip|tar\.bz2)$/.exec(filename);
  return match?.[1] && match[2] ? { name: match[1], version: match[2], kind: "sdist" } : undefined;
}
