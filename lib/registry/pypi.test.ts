import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../run.ts";
import { pypiFiles } from "./pypi.ts";

const sha256 = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");
const silent = { step: () => {}, note: () => {}, done: () => {} };

describe("files of a Python package", () => {
  let dir: string;
  let server: Server;
  /** What the index has: archives by name, each with one file in it that says which it is. */
  let archives: Map<string, { content: Buffer; promised: string }>;
  let asked: string[];
  let json: boolean;

  async function add(name: string, promised?: string): Promise<void> {
    const make = name.endsWith(".whl")
      ? `printf '${name}' > data && python3 -m zipfile -c '${name}' data`
      : `mkdir -p top && printf '${name}' > top/data && printf 'exit(1)' > top/setup.py && tar czf '${name}' top`;
    await run(["sh", "-c", make], { cwd: dir });
    const content = readFileSync(join(dir, name));
    archives.set(name, { content, promised: promised ?? sha256(content) });
  }

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "lathe-pypi-"));
    archives = new Map();
    asked = [];
    json = false;
    server = createServer(({ url = "" }, response) => {
      asked.push(url);
      const archive = archives.get(url.slice("/files/".length));
      if (archive !== undefined) return response.end(archive.content);
      if (url !== "/simple/some-pkg/") return response.writeHead(404).end();
      if (json) {
        const files = [...archives].map(([filename, { promised }]) => {
          return { filename, url: `../../files/${filename}`, hashes: { sha256: promised } };
        });
        response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
        return response.end(JSON.stringify({ files }));
      }
      const links = [...archives].map(
        ([name, { promised }]) => `<a href="/files/${name}#sha256=${promised}">${name}</a>`,
      );
      response.setHeader("content-type", "text/html");
      response.end(`<!DOCTYPE html><html><body>${links.join("\n")}</body></html>`);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    vi.stubEnv("PIP_CONFIG_FILE", "/dev/null");
    vi.stubEnv("PIP_INDEX_URL", `http://127.0.0.1:${port}/simple`);
    vi.stubEnv("NO_PROXY", "127.0.0.1");
    vi.stubEnv("no_proxy", "127.0.0.1");
    vi.stubEnv("LATHE_CACHE", join(dir, "cache"));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const fetched = async (version: string, archive: "wheel" | "sdist", says: string, name = "Some_Pkg") => {
    const members = [{ file: "data", sha256: sha256(says) }];
    const [path = ""] = await pypiFiles({ package: name, version, archive }, members, silent);
    return readFileSync(path, "utf8");
  };

  it("are those of exactly the version and kind asked for, whatever way the name is spelt", async () => {
    for (const name of ["1.0", "1.0.post1", "2.0"]) await add(`Some.Pkg-${name}.tar.gz`);
    await add("some_pkg-1.0-py3-none-any.whl");
    expect(await fetched("1.0", "sdist", "Some.Pkg-1.0.tar.gz")).toBe("Some.Pkg-1.0.tar.gz");
    expect(await fetched("1.0.post1", "sdist", "Some.Pkg-1.0.post1.tar.gz")).toBe("Some.Pkg-1.0.post1.tar.gz");
    expect(await fetched("1.0", "wheel", "some_pkg-1.0-py3-none-any.whl", "some-pkg")).toMatch(/any\.whl$/);
  });

  it("are of the wheel for any platform where there is one, else of the same one on every machine", async () => {
    for (const build of ["cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-macosx_11_0_arm64", "cp39-cp39-win32"])
      await add(`some_pkg-1.0-${build}.whl`);
    expect(await fetched("1.0", "wheel", "some_pkg-1.0-cp311-cp311-manylinux_2_28_x86_64.whl")).toMatch(/2_28/);
    await add("some_pkg-1.1-py3-none-any.whl");
    await add("some_pkg-1.1-cp311-cp311-manylinux2014_x86_64.whl");
    expect(await fetched("1.1", "wheel", "some_pkg-1.1-py3-none-any.whl")).toMatch(/any\.whl$/);
  });

  it("are those of an index that answers in JSON too", async () => {
    json = true;
    for (const name of ["some_pkg-1.0.tar.gz", "some_pkg-1.0-py3-none-any.whl"]) await add(name);
    expect(await fetched("1.0", "sdist", "some_pkg-1.0.tar.gz")).toBe("some_pkg-1.0.tar.gz");
  });

  it("are fetched once and then kept", async () => {
    await add("some_pkg-1.0.tar.gz");
    await fetched("1.0", "sdist", "some_pkg-1.0.tar.gz");
    const before = asked.length;
    await fetched("1.0", "sdist", "some_pkg-1.0.tar.gz");
    expect(asked).toHaveLength(before);
  });

  it("are refused where the archive or the file is not what was promised, and leave nothing that would be taken", async () => {
    await add("some_pkg-1.0.tar.gz", "0".repeat(64));
    await expect(fetched("1.0", "sdist", "some_pkg-1.0.tar.gz")).rejects.toThrow(
      /cannot fetch some_pkg-1\.0\.tar\.gz: .*sha256 is [0-9a-f]{64}, the list promised 0{64}/,
    );
    expect(readdirSync(join(dir, "cache", "archives"))).toEqual([]);
    await add("some_pkg-1.1.tar.gz");
    await expect(fetched("1.1", "sdist", "another file")).rejects.toThrow(/data: SHA-256 is/);
  });

  it("are refused in words where the index has no such archive", async () => {
    await add("some_pkg-1.0.tar.gz");
    await expect(fetched("1.0", "wheel", "")).rejects.toThrow(
      /no wheel of Some_Pkg 1\.0 among the 0 archives that fit/,
    );
  });
});
