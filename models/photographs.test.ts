import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { progress } from "../lib/progress.ts";
import { checkWords, fuzzAsync, nearText } from "../lib/testing/fuzz.ts";
import { type PhotographEntry, loadPhotographList } from "./photograph-list.ts";
import { fetchPhotographs } from "./photographs.ts";
import { IMAGES } from "./testing/images.ts";

describe("the lists of photographs", () => {
  it("that ship with Lathe have ten each, numbered from 1", async () => {
    for (const list of ["models/photographs.yaml", "models/coco-val2017.yaml"]) {
      const ids = (await loadPhotographList(join(repoRoot, list))).map((p) => p.id);
      expect(ids, list).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
  });

  describe("that a user edited", () => {
    let dir: string;
    beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "lathe-photographs-"))));
    afterEach(() => rmSync(dir, { recursive: true, force: true }));
    const list = (text: string) => {
      writeFileSync(join(dir, "list.yaml"), text);
      return loadPhotographList(join(dir, "list.yaml"));
    };

    it("show every fault at once, each with its entry", async () => {
      await expect(list("- { id: 0 }\n- { id: 2, url: nowhere }\n")).rejects.toThrow(/entry 1: .*\n(.*\n)*.*entry 2: /);
    });

    it("may not use a number twice, as it names the photograph in every table", async () => {
      const entry = (id: number) =>
        `- { id: ${id}, url: "https://pictures.example/${id}.jpg", licence: own, shows: [] }\n`;
      await expect(list(entry(1) + entry(1))).rejects.toThrow("id 1 is there twice");
      expect(await list(entry(1) + entry(2))).toHaveLength(2);
    });
  });
});

describe("photographs of the user's own", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "lathe-photographs-"));
    mkdirSync(join(dir, "mine"));
    for (const name of ["10.jpg", "9.jpg", "b.JPEG", "c.png", "notes.txt"])
      writeFileSync(join(dir, "mine", name), name);
    mkdirSync(join(dir, "mine", "folder.jpg"));
    writeFileSync(join(dir, "[1].jpg"), "");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const list = (text: string) => {
    writeFileSync(join(dir, "list.yaml"), text);
    return loadPhotographList(join(dir, "list.yaml"));
  };
  const found = (entries: readonly PhotographEntry[]) =>
    entries.map((e) => [e.id, "path" in e ? relative(dir, e.path) : ""]);

  it("are found from the list's folder, in the order of their names, and numbered above all that have a number", async () => {
    expect(found(await list('- file: ./mine/*.jpg\n- { id: 7, file: "mine/c.png" }\n- file: "[1].jpg"\n'))).toEqual([
      ...[
        [8, "mine/9.jpg"],
        [9, "mine/10.jpg"],
        [7, "mine/c.png"],
      ],
      [10, "[1].jpg"],
    ]);
    expect(found(await list(`- { id: 3, file: ${join(dir, "mine")}/?.* }\n`))).toEqual([
      ...[
        [3, "mine/9.jpg"],
        [4, "mine/b.JPEG"],
        [5, "mine/c.png"],
      ],
    ]);
  });

  it("may be a folder's JPEG and PNG files", async () => {
    const files = ["9.jpg", "10.jpg", "b.JPEG", "c.png"];
    rmSync(join(dir, "mine", "folder.jpg"), { recursive: true });
    expect(found(await loadPhotographList(join(dir, "mine")))).toEqual(files.map((f, i) => [i + 1, `mine/${f}`]));
    mkdirSync(join(dir, "empty"));
    await expect(loadPhotographList(join(dir, "empty"))).rejects.toThrow(
      /empty: 0 JPEG or PNG files\n {2}expected: 1 to/,
    );
  });

  it("are refused in words where there are none, two have one number, or one checksum stands for several", async () => {
    await expect(list("- file: mine/*.gif\n- file: mine/folder.jpg\n")).rejects.toThrow(
      /entry 1: no file mine\/\*\.gif\n.*\n.*entry 2: no file mine\/folder\.jpg/,
    );
    await expect(list("- { id: 1, file: mine/c.png }\n- { id: 1, file: mine/9.jpg }\n")).rejects.toThrow(
      "id 1 is there twice",
    );
    await expect(list(`- { file: mine/*.jpg, sha256: "${"0".repeat(64)}" }\n`)).rejects.toThrow(
      "one sha256 for 2 files",
    );
    await expect(loadPhotographList(join(dir, "none.yaml"))).rejects.toThrow("none.yaml: there is no such file");
  });

  it("are listed without a word of the list's text in faults and warnings: a URL there may hold a password", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    for (const text of [
      "*s3cret: 1\n",
      "- url: https://me:s3cret@x/1.jpg\n - {",
      '- { id: 1, url: "h://s3cret", shows: [] }\n',
    ]) {
      const refused = await list(text).catch((error: Error) => error);
      expect(refused).toBeInstanceOf(UserError);
      expect((refused as Error).message).not.toContain("s3cret");
    }
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  it("are named by their file's name, and checked by their checksum", async () => {
    const [photograph] = await fetchPhotographs(await list("- file: mine/c.png\n"), progress());
    expect(photograph).toMatchObject({ id: 1, name: "c.png", bytes: 5, licence: "own", shows: [] });
    const wrong = await list(`- { file: mine/c.png, sha256: "${"0".repeat(64)}" }\n`);
    await expect(fetchPhotographs(wrong, progress())).rejects.toThrow(/c\.png: its SHA-256 is another/);
  });
});

describe("a photograph at a URL", () => {
  const JPEG = IMAGES.baseline;
  let dir: string;
  let server: Server;
  let base: string;
  let asked: IncomingMessage[];
  let answer: (response: ServerResponse) => void;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "lathe-photographs-"));
    vi.stubEnv("LATHE_CACHE", dir);
    asked = [];
    answer = (response) => response.end(JPEG);
    server = createServer((request, response) => {
      asked.push(request);
      answer(response);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const one = (url: string, sha256?: string) =>
    fetchPhotographs([{ id: 1, licence: "", shows: [], url, ...(sha256 !== undefined && { sha256 }) }], progress());

  it("is fetched with its secrets, which stand in no name, path or message", async () => {
    const url = `http://me:s3cret@${base}/a/cat.jpg?token=t0ken#frag`;
    const [photograph] = await one(url);
    expect(asked[0]?.url).toBe("/a/cat.jpg?token=t0ken");
    expect(asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from("me:s3cret").toString("base64")}`);
    expect(photograph?.name).toBe(`http://${base}/a/cat.jpg`);
    answer = (response) => response.writeHead(404).end();
    const message = await one(url.replace("cat", "dog")).catch((error: Error) => error.message);
    expect(message).toContain("dog.jpg: the server answered 404");
    const shown = JSON.stringify([photograph, message, readdirSync(dir, { recursive: true })]);
    expect(shown).not.toMatch(/s3cret|t0ken|frag/);
  });

  it("is told from another one whose file has the same name", async () => {
    const [first] = await one(`http://${base}/a/1.jpg`);
    answer = (response) => response.end(IMAGES.png);
    const [second] = await one(`http://${base}/b/1.jpg`);
    expect(second?.sha256).not.toBe(first?.sha256);
    expect((await one(`http://${base}/a/1.jpg`))[0]?.sha256).toBe(first?.sha256);
    expect(asked).toHaveLength(2);
  });

  it("is not taken from a captive portal, and so is fetched once the portal is gone", async () => {
    for (const portal of [
      (response: ServerResponse) => response.writeHead(200, { "content-type": "text/html" }).end("<html>log in</html>"),
      (response: ServerResponse) => response.end("<html>log in</html>"),
    ]) {
      answer = portal;
      await expect(one(`http://${base}/1.jpg`)).rejects.toThrow(/1\.jpg: (a page \(HTML\) came|begins with neither)/);
    }
    answer = (response) => response.end(JPEG);
    expect(await one(`http://${base}/1.jpg`)).toHaveLength(1);
  });

  it("that was damaged in the cache is fetched again", async () => {
    const sha256 = createHash("sha256").update(JPEG).digest("hex");
    const [kept] = await one(`http://${base}/1.jpg`, sha256);
    writeFileSync(kept?.path ?? "", "damaged");
    expect((await one(`http://${base}/1.jpg`, sha256))[0]).toEqual(kept);
    expect(readFileSync(kept?.path ?? "").equals(JPEG)).toBe(true);
  });

  it("is one of http or https, and no other", async () => {
    for (const url of ["file:///etc/passwd", "javascript:1", "ftp://x/y.jpg"]) {
      writeFileSync(join(dir, "list.yaml"), `- { id: 1, url: "${url}", licence: "", shows: [] }\n`);
      await expect(loadPhotographList(join(dir, "list.yaml"))).rejects.toThrow(
        /entry 1: url: an address of http or https/,
      );
    }
  });
});

describe("a near-valid list", () => {
  const LIST = `- { id: 1, url: "https://pictures.example/1.jpg", licence: own, shows: [cat] }
- file: ./nothing/*.jpg
- id: 2
  package: p
  version: 1.0.0
  archive: wheel
  file: a/b.png
  sha256: ${"0".repeat(64)}
  licence: MIT
  shows: []
`;

  it("is taken, or refused in words that name it", async () => {
    const dir = mkdtempSync(join(tmpdir(), "lathe-photographs-"));
    const path = join(dir, "list.yaml");
    try {
      await fuzzAsync(1, nearText([LIST]), async (text) => {
        writeFileSync(path, text);
        const refused = await loadPhotographList(path).catch((error: unknown) => error);
        if (Array.isArray(refused)) return;
        if (!(refused instanceof UserError)) throw refused;
        checkWords(refused.message, /list\.yaml: /);
      });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }, 300_000);
});
