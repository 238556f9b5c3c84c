import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitCredentials } from "./http.ts";
import { checkMembers } from "./members.ts";
import { normalizeName, parseArchiveName, parseIndex, pickArchive } from "./simple.ts";

const PAGE = "https://index.example/simple/some-pkg/";
const HEX = "ab".repeat(32);

describe("a package index's page", () => {
  it("is read from HTML: relative links, hashes in the fragment, escapes, yanked files", () => {
    const html = `<!DOCTYPE html><html><body>
      <a href="../../files/Some_Pkg-1.0.tar.gz#sha256=${HEX.toUpperCase()}" data-requires-python="&gt;=3.8">Some_Pkg-1.0.tar.gz</a><br/>
      <a data-yanked="" href='https://files.example/some_pkg-1.1-py3-none-any.whl?a=1&amp;b=2'>some_pkg-1.1-py3-none-any.whl</a>
      <a>no link</a></body></html>`;
    expect(parseIndex(html, "text/html; charset=utf-8", PAGE)).toEqual([
      {
        filename: "Some_Pkg-1.0.tar.gz",
        url: "https://index.example/files/Some_Pkg-1.0.tar.gz",
        digest: { algorithm: "sha256", hex: HEX },
        yanked: false,
      },
      {
        filename: "some_pkg-1.1-py3-none-any.whl",
        url: "https://files.example/some_pkg-1.1-py3-none-any.whl?a=1&b=2",
        yanked: true,
      },
    ]);
  });

  it("is read from JSON, and the strongest hash is taken", () => {
    const json = JSON.stringify({
      files: [
        { filename: "a-1.zip", url: "/f/a-1.zip", hashes: { md5: "00", sha256: HEX }, yanked: "broken" },
        { filename: "b", url: "b" },
      ],
    });
    const [first, second] = parseIndex(json, "application/vnd.pypi.simple.v1+json", PAGE);
    expect(first).toEqual({
      filename: "a-1.zip",
      url: "https://index.example/f/a-1.zip",
      digest: { algorithm: "sha256", hex: HEX },
      yanked: true,
    });
    expect(second).toEqual({ filename: "b", url: `${PAGE}b`, yanked: false });
  });
});

describe("picking an archive", () => {
  const file = (filename: string) => ({ filename, url: `${PAGE}${filename}`, yanked: false });
  const files = [
    "some_pkg-1.0-cp311-cp311-manylinux2014_x86_64.whl",
    "some_pkg-1.0-py3-none-any.whl",
    "Some.Pkg-1.0.tar.gz",
    "some_pkg-1.0.post1.tar.gz",
    "some_pkg-extras-1.0.tar.gz",
  ].map(file);

  it("takes exactly the version and kind asked for, whatever way the name is spelt", () => {
    expect(pickArchive(files, "some-pkg", "1.0", "sdist")?.filename).toBe("Some.Pkg-1.0.tar.gz");
    expect(pickArchive(files, "SOME_PKG", "1.0.post1", "sdist")?.filename).toBe("some_pkg-1.0.post1.tar.gz");
    expect(pickArchive(files, "some-pkg", "1.0.post2", "sdist")).toBeUndefined();
  });

  it("prefers a wheel for any platform, and obeys a file name", () => {
    expect(pickArchive(files, "some-pkg", "1.0", "wheel")?.filename).toBe("some_pkg-1.0-py3-none-any.whl");
    const wanted = "some_pkg-1.0-cp311-cp311-manylinux2014_x86_64.whl";
    expect(pickArchive(files, "some-pkg", "1.0", "wheel", wanted)?.filename).toBe(wanted);
  });

  it("knows an sdist's name and version where the name has dashes", () => {
    expect(parseArchiveName("tf-models-research-2.5.0.post2.tar.gz")).toEqual({
      name: "tf-models-research",
      version: "2.5.0.post2",
      kind: "sdist",
    });
    expect(parseArchiveName("readme.txt")).toBeUndefined();
  });

  it("normalises names so that normalising again changes nothing", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/), (name) => {
        expect(normalizeName(normalizeName(name))).toBe(normalizeName(name));
        expect(normalizeName(name)).toMatch(/^[a-z0-9-]+$/);
      }),
    );
  });
});

it("takes credentials out of an index's URL, decoded, so that no message shows them", () => {
  expect(splitCredentials("https://me:p%40ss@index.example/simple/")).toEqual({
    address: "https://index.example/simple/",
    authorization: { authorization: `Basic ${Buffer.from("me:p@ss").toString("base64")}` },
  });
  expect(splitCredentials("https://index.example/")).toEqual({ address: "https://index.example/", authorization: {} });
});

it("refuses files of another SHA-256, all of them in one error", () => {
  const members = [
    { file: "a/one.pb", sha256: "1".repeat(64) },
    { file: "a/two.pb", sha256: "2".repeat(64) },
    { file: "a/three.pb", sha256: "3".repeat(64) },
  ];
  const seen = ["1".repeat(64), "f".repeat(64), "e".repeat(64)];
  expect(() => checkMembers(members, seen, "pkg 1.0")).toThrow(
    /two\.pb: SHA-256 is f{64}[\s\S]*three\.pb: SHA-256 is e{64}/,
  );
  expect(() =>
    checkMembers(
      members,
      ["1", "2", "3"].map((d) => d.repeat(64)),
      "pkg 1.0",
    ),
  ).not.toThrow();
});
