import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { thisHolder } from "../cache/holder.ts";
import { run } from "../run.ts";
import { extract } from "./archive.ts";
import { download, splitCredentials } from "./http.ts";
import { checkMembers, keptArchive, memberFiles } from "./members.ts";

const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

describe("a download", () => {
  let dir: string;
  let server: Server;
  let url: string;
  let ranges: (string | undefined)[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "lathe-download-"));
    ranges = [];
    server = createServer((request, response) => {
      ranges.push(request.headers.range);
      answer(request, response);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const whole = (response: ServerResponse) =>
    response.writeHead(200, { "content-length": CONTENT.length }).end(CONTENT);
  const rest = (request: IncomingMessage, response: ServerResponse) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1]);
    response.writeHead(206, { "content-length": CONTENT.length - from }).end(CONTENT.subarray(from));
  };
  const get = (path: string) => download(url, path, { sha256: SHA256 });

  it("continues what a broken connection left, instead of starting over", async () => {
    answer = (request, response) => {
      if (request.headers.range !== undefined) return rest(request, response);
      response.writeHead(200, { "content-length": CONTENT.length });
      response.write(CONTENT.subarray(0, 60_000), () => setTimeout(() => response.destroy(), 50));
    };
    await get(join(dir, "file"));
    expect(readFileSync(join(dir, "file")).equals(CONTENT)).toBe(true);
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it("continues what a killed process left", async () => {
    writeFileSync(join(dir, "file.part"), CONTENT.subarray(0, 1000));
    answer = rest;
    await get(join(dir, "file"));
    expect(ranges).toEqual(["bytes=1000-"]);
    expect(readFileSync(join(dir, "file")).equals(CONTENT)).toBe(true);
  });

  it("starts over where the server knows no ranges, or what is there belongs to another file", async () => {
    writeFileSync(join(dir, "file.part"), "something else");
    answer = (request, response) => void (ranges.length === 1 ? rest(request, response) : whole(response));
    await get(join(dir, "file"));
    expect(readFileSync(join(dir, "file")).equals(CONTENT)).toBe(true);
    expect(ranges).toEqual(["bytes=14-", undefined]);
  });

  it("never gives a file of another digest its name", async () => {
    answer = (_, response) => response.writeHead(200).end("not what was promised");
    await expect(download(url, join(dir, "file"), { attempts: 2, sha256: SHA256 })).rejects.toThrow(
      /file\.bin: sha256 is [0-9a-f]{64}, the list promised/,
    );
    expect(existsSync(join(dir, "file"))).toBe(false);
  });

  it("refuses a page, which a captive portal sends in anybody's place, and keeps nothing of it", async () => {
    answer = (_, response) => response.writeHead(200, { "content-type": "Text/HTML; charset=utf-8" }).end("<p>log in");
    await expect(download(url, join(dir, "file"), {})).rejects.toThrow(
      /file\.bin: a page \(HTML\) came in place of the file/,
    );
    expect([ranges.length, readdirSync(dir)]).toEqual([1, []]);
  });

  it("refuses more bytes than there can be, however many come", async () => {
    answer = (_, response) => response.writeHead(200).end(CONTENT);
    await expect(download(url, join(dir, "file"), { mostBytes: 50_000 })).rejects.toThrow(
      "file.bin: more than 50000 bytes",
    );
    expect(existsSync(join(dir, "file"))).toBe(false);
  });

  it("of another process has a part of its own: neither writes into the other's", async () => {
    const theirs = join(dir, `file.part.${thisHolder().replace(/^[0-9a-f]+/, "0123456789ab")}`);
    writeFileSync(theirs, "theirs");
    answer = (_, response) => whole(response);
    await get(join(dir, "file"));
    expect([ranges, readFileSync(theirs, "utf8")]).toEqual([[undefined], "theirs"]);
  });

  it("does not repeat what no repetition mends", async () => {
    answer = (_, response) => response.writeHead(404).end();
    await expect(get(join(dir, "file"))).rejects.toThrow("file.bin: the server answered 404");
    expect(ranges).toHaveLength(1);
  });

  it("tries again after a fault of the server that may pass", async () => {
    answer = (_, response) => void (ranges.length === 1 ? response.writeHead(503).end() : whole(response));
    await get(join(dir, "file"));
    expect(ranges).toHaveLength(2);
  });
});

describe("unpacking", () => {
  let dir: string;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "lathe-unpack-"));
    const make = "mkdir -p pkg-1.0/a && echo one > pkg-1.0/a/one && echo two > pkg-1.0/two && tar czf s.tgz pkg-1.0";
    await run(["sh", "-c", `${make} && cd pkg-1.0 && python3 -m zipfile -c ../w.whl a two`], { cwd: dir });
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("takes members out of tar and zip under names of its own", async () => {
    for (const [archive, strip] of [
      ["s.tgz", true],
      ["w.whl", false],
    ] as const) {
      const out = join(dir, `out-${archive}`);
      await extract(join(dir, archive), ["two", "a/one"], out, strip);
      expect([readFileSync(join(out, "0"), "utf8"), readFileSync(join(out, "1"), "utf8")]).toEqual(["two\n", "one\n"]);
    }
  });

  it("names every member that is not there", async () => {
    await expect(extract(join(dir, "s.tgz"), ["x", "two", "y"], join(dir, "o"), true)).rejects.toThrow(
      /not in the archive: x, y/,
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

describe("files of an archive in the cache", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "lathe-members-"));
    vi.stubEnv("LATHE_CACHE", join(dir, "cache"));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(dir, { recursive: true, force: true });
  });
  const member = { file: "a/one.jpg", sha256: createHash("sha256").update("one").digest("hex") };
  let fetched: number;
  /** Fetches one thing after the other, and the last again and again. */
  const archives = (...contents: readonly string[]) => {
    fetched = 0;
    const fetch = () =>
      keptArchive("pkg-1.0", (path) => {
        writeFileSync(path, contents[Math.min(fetched++, contents.length - 1)] ?? "");
        return Promise.resolve();
      });
    return () => memberFiles([member], "pkg 1.0", false, fetch);
  };

  it("are checked each time: a damaged one is taken from the archive again", async () => {
    const files = archives("one");
    const [path = ""] = await files();
    writeFileSync(path, "onf");
    expect(await files()).toEqual([path]);
    expect([readFileSync(path, "utf8"), fetched]).toEqual(["one", 1]);
    rmSync(join(path, ".."), { recursive: true });
    mkdirSync(join(path, ".."));
    expect(await files()).toEqual([path]);
  });

  it("are fetched anew where what was kept is not what it should be, and a wrong archive is not kept", async () => {
    const files = archives("<html>log in</html>", "one");
    await expect(files()).rejects.toThrow(/pkg 1\.0: one\.jpg: SHA-256 is/);
    expect(fetched).toBe(1);
    // As an older Lathe left it.
    writeFileSync(join(dir, "cache", "archives", "pkg-1.0"), "<html>log in</html>");
    const [path = ""] = await files();
    expect([readFileSync(path, "utf8"), fetched]).toEqual(["one", 2]);
  });
});
