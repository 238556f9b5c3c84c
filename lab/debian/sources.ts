/** One package source of apt: a `deb` line, or a paragraph of a deb822 `.sources` file. */
export interface AptSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Path of the keyring that signs it, if one is named. */
  readonly signedBy?: string;
  /** Whether apt takes it without a signature. */
  readonly trusted: boolean;
}

/** Reads the `deb` lines of a `sources.list`: `deb [option=value …] URI SUITE COMPONENT…`. */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split("\n").flatMap((raw) => {
    const line = raw.replace(/#.*/, "").trim();
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(?:\s+(.*))?$/.exec(line);
    if (match === null) return [];
    const [, optionText = "", uri = "", suite = "", components = ""] = match;
    const option = (name: string) => new RegExp(`(?:^|\\s)${name}[+-]?=(\\S+)`, "i").exec(optionText)?.[1];
    return [source([uri], [suite], words(components), option("signed-by"), option("trusted"))];
  });
}

/** Reads a deb822 `.sources` file, except paragraphs that are disabled or have no `deb` in Types. */
export function parseDeb822Sources(text: string): AptSource[] {
  const clean = text.replaceAll(/^#.*\n/gm, "");
  return clean.split(/\n[ \t]*\n/).flatMap((paragraph) => {
    const fields = new Map<string, string>();
    let last = "";
    for (const line of paragraph.split("\n")) {
      const field = /^([A-Za-z-]+):(.*)$/.exec(line);
      if (field !== null) {
        last = (field[1] ?? "").toLowerCase();
        fields.set(last, (field[2] ?? "").trim());
      } else if (/^\s/.test(line) && last !== "") fields.set(last, `${fields.get(last)}\n${line.trim()}`.trim());
    }
    const list = (name: string) => words(fields.get(name) ?? "");
    if (!list("types").includes("deb") || /^(no|false|0|off)$/i.test(fields.get("enabled") ?? "yes")) return [];
    if (list("uris").length === 0 || list("suites").length === 0) return [];
    return [source(list("uris"), list("suites"), list("components"), fields.get("signed-by"), fields.get("trusted"))];
  });
}

/** The distribution's sources of one release, such as `bookworm`, with its `-updates` and `-security`. None of third parties. */
export function sourcesOfRelease(sources: readonly AptSource[], codename: string): AptSource[] {
  const ofRelease = new Set([codename, `${codename}-updates`, `${codename}-security`, `${codename}/updates`]);
  return sources.flatMap((s) => {
    const suites = s.suites.filter((suite) => ofRelease.has(suite));
    const uris = s.uris.filter((uri) => /^(https?|file|mirror\+\S+):/.test(uri));
    // Third parties (a cloud's SDK, a database's packages) have no component of these names.
    const known = s.components.some((c) => ["main", "universe"].includes(c));
    return suites.length > 0 && uris.length > 0 && known ? [{ ...s, suites, uris }] : [];
  });
}

/** The source for debootstrap: a mirror of the distribution, else any source that has the release's suite. */
export function mainSource(sources: readonly AptSource[], codename: string): AptSource | undefined {
  const candidates = sources.filter((s) => s.suites.includes(codename));
  return candidates.find((s) => s.uris.some((uri) => /\/(debian|ubuntu|ubuntu-ports)\/?$/.test(uri))) ?? candidates[0];
}

/** Sources in the one-line format, for a root's own `sources.list`. */
export function formatSources(sources: readonly AptSource[]): string {
  const lines = sources.flatMap((s) => {
    const options = [s.signedBy && `signed-by=${s.signedBy}`, s.trusted && "trusted=yes"].filter(Boolean);
    const bracket = options.length === 0 ? "" : `[${options.join(" ")}] `;
    return s.uris.flatMap((uri) =>
      s.suites.map((suite) => `${`deb ${bracket}${uri} ${suite} ${s.components.join(" ")}`.trim()}\n`),
    );
  });
  return lines.join("");
}

function source(
  uris: readonly string[],
  suites: readonly string[],
  components: readonly string[],
  signedBy: string | undefined,
  trusted: string | undefined,
): AptSource {
  // The file may hold the key itself: then there is no path.
  const keyring = signedBy !== undefined && /^\/\S+$/.test(signedBy) ? { signedBy } : {};
  return { uris, suites, components, ...keyring, trusted: /^(yes|true|1|on)$/i.test(trusted ?? "") };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}
