import { describe, expect, test } from "vitest";
import { formatSources, mainSource, parseDeb822Sources, parseOneLineSources, sourcesOfRelease } from "./sources.ts";

const DEBIAN_12 = `Types: deb
# http://snapshot.example/archive
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

const KEY = "/usr/share/keyrings/debian-archive-keyring.gpg";

describe("sources in the deb822 format", () => {
  test("are read paragraph by paragraph, comments left out", () => {
    expect(parseDeb822Sources(DEBIAN_12)).toEqual([
      {
        uris: ["http://mirror.example/debian"],
        suites: ["bookworm", "bookworm-updates"],
        components: ["main"],
        signedBy: KEY,
        trusted: false,
      },
      {
        uris: ["http://mirror.example/debian-security"],
        suites: ["bookworm-security"],
        components: ["main"],
        signedBy: KEY,
        trusted: false,
      },
    ]);
  });

  test("continue a value on lines that start with a space, and may hold their key within", () => {
    const text = `types: deb deb-src
URIs: http://a.example/debian
 http://b.example/debian
Suites: bookworm
Components: main contrib
Trusted: yes
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
`;
    expect(parseDeb822Sources(text)).toEqual([
      {
        uris: ["http://a.example/debian", "http://b.example/debian"],
        suites: ["bookworm"],
        components: ["main", "contrib"],
        trusted: true,
      },
    ]);
  });

  test("are left out when disabled, of source packages only, or without a place", () => {
    const off = "Types: deb\nEnabled: no\nURIs: http://a.example\nSuites: bookworm\nComponents: main\n";
    const src = "Types: deb-src\nURIs: http://a.example\nSuites: bookworm\nComponents: main\n";
    expect(parseDeb822Sources(`${off}\n${src}\nTypes: deb\nSuites: bookworm\n`)).toEqual([]);
  });
});

describe("sources in the one-line format", () => {
  test("are read with and without options", () => {
    const text = `# deb http://off.example/debian bookworm main
deb http://mirror.example/ubuntu jammy main restricted universe # the main one
deb-src http://mirror.example/ubuntu jammy main
  deb [arch=amd64 signed-by=${KEY}]   http://mirror.example/debian bookworm main
deb [ trusted=yes ] http://local.example/ ./
`;
    expect(parseOneLineSources(text)).toEqual([
      {
        uris: ["http://mirror.example/ubuntu"],
        suites: ["jammy"],
        components: ["main", "restricted", "universe"],
        trusted: false,
      },
      {
        uris: ["http://mirror.example/debian"],
        suites: ["bookworm"],
        components: ["main"],
        signedBy: KEY,
        trusted: false,
      },
      { uris: ["http://local.example/"], suites: ["./"], components: [], trusted: true },
    ]);
  });
});

describe("the sources of a release", () => {
  const vendor = parseOneLineSources(
    "deb https://vendor.example/apt bookworm main\ndeb https://sdk.example/apt sdk-bookworm main\n",
  );
  const all = [
    ...vendor,
    ...parseDeb822Sources(DEBIAN_12),
    ...parseOneLineSources("deb cdrom:[Debian]/ bookworm main"),
  ];

  test("are those of its suites, and no disc's", () => {
    const suites = sourcesOfRelease(all, "bookworm").map((s) => s.suites.join(" "));
    expect(suites).toEqual(["bookworm", "bookworm bookworm-updates", "bookworm-security"]);
    expect(sourcesOfRelease(all, "trixie")).toEqual([]);
  });

  test("have the distribution's own mirror before a vendor's repository that calls itself after the release", () => {
    expect(mainSource(sourcesOfRelease(all, "bookworm"), "bookworm")?.uris).toEqual(["http://mirror.example/debian"]);
    expect(mainSource(vendor, "bookworm")?.uris).toEqual(["https://vendor.example/apt"]);
    expect(mainSource([], "bookworm")).toBeUndefined();
  });

  test("come back from their text as they were", () => {
    const sources = sourcesOfRelease(parseDeb822Sources(DEBIAN_12), "bookworm");
    const flat = sources.flatMap((s) => s.suites.map((suite) => ({ ...s, suites: [suite] })));
    expect(parseOneLineSources(formatSources(sources))).toEqual(flat);
  });
});
