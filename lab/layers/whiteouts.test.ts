import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../lib/run.ts";
import { whitedOut } from "./whiteouts.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-tar-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** An entry of a tar as GNU tar writes it; `extended`: its extended header. */
function entry(
  path: string,
  type: string,
  more: { content?: string; device?: string; extended?: string } = {},
): Buffer {
  const { content = "", device = "0000000", extended } = more;
  const header = Buffer.alloc(512);
  header.write(path.slice(0, 100), 0);
  for (const [at, text] of [
    [100, "0000755"],
    [108, "0000000"],
    [116, "0000000"],
    [136, "00000000017"],
  ] as const)
    header.write(text, at);
  header.write(content.length.toString(8).padStart(11, "0"), 124);
  header.write(`        ${type}`, 148);
  header.write("ustar\x0000", 257, "latin1");
  header.write(device, 329);
  header.write("0000000", 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  const before = extended === undefined ? [] : [entry("PaxHeaders/x", "x", { content: extended })];
  return Buffer.concat([...before, header, body]);
}

const record = (key: string, value: string) => {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (length !== rest.length + `${length}`.length) length = rest.length + `${length}`.length;
  return `${length}${rest}`;
};
const OPAQUE = record("SCHILY.xattr.trusted.overlay.opaque", "y");
const END = Buffer.alloc(1024);

/** What comes of a tar that arrives in chunks of a size. */
async function rewritten(tar: Buffer, chunk = 65_536): Promise<Buffer> {
  function* chunks() {
    for (let at = 0; at < tar.length; at += chunk) yield tar.subarray(at, at + chunk);
  }
  const parts: Buffer[] = [];
  for await (const part of whitedOut(Readable.from(chunks()))) parts.push(part);
  return Buffer.concat(parts);
}

/** Type and name of each entry, as GNU tar reads them. */
async function listed(tar: Buffer): Promise<string[]> {
  const file = join(dir, "a.tar");
  await writeFile(file, tar);
  const lines = (await run(["tar", "-tvf", file])).trimEnd().split("\n");
  return lines.map((line) => `${line[0]} ${line.split(/\s+/).slice(5).join(" ")}`);
}

const file = entry("./etc/kept", "0", { content: "a".repeat(1300) });

test("a tar without whiteouts stays as it is, byte for byte, however it arrives", async () => {
  const long = `./${"d/".repeat(80)}f`;
  const tar = Buffer.concat([
    entry("./", "5"),
    file,
    entry("./link", "2"),
    entry("./null", "3", { device: "0000001" }),
    entry("short", "0", { content: "x", extended: record("path", long) }),
    END,
  ]);
  for (const chunk of [65_536, 1, 511, 512, 513, 700]) expect((await rewritten(tar, chunk)).equals(tar)).toBe(true);
});

test("a file that a layer takes away becomes an empty .wh. file, and what is around it stays", async () => {
  const tar = Buffer.concat([entry("./etc/", "5"), entry("./etc/gone", "3"), file, entry("./top", "3"), END]);
  for (const chunk of [65_536, 77])
    expect(await listed(await rewritten(tar, chunk))).toEqual([
      "d ./etc/",
      "- ./etc/.wh.gone",
      "- ./etc/kept",
      "- ./.wh.top",
    ]);
});

test("a folder that hides what was there is followed by its mark, and keeps its other attributes", async () => {
  const capability = record("SCHILY.xattr.security.capability", "cap");
  const tar = Buffer.concat([
    entry("./a/", "5", { extended: OPAQUE }),
    entry("./b/", "5", { extended: capability + OPAQUE }),
    file,
    END,
  ]);
  const out = await rewritten(tar);
  expect(await listed(out)).toEqual(["d ./a/", "- ./a/.wh..wh..opq", "d ./b/", "- ./b/.wh..wh..opq", "- ./etc/kept"]);
  expect(out.includes("overlay.opaque")).toBe(false);
  expect(out.includes("security.capability")).toBe(true);
});

test("a whiteout or folder whose path is longer than a header holds keeps it", async () => {
  const long = `./${"folder/".repeat(20)}`;
  const tar = Buffer.concat([
    entry("short", "3", { extended: record("path", `${long}gone`) }),
    entry("short/", "5", { extended: record("path", long) + OPAQUE }),
    END,
  ]);
  expect(await listed(await rewritten(tar))).toEqual([`- ${long}.wh.gone`, `d ${long}`, `- ${long}.wh..wh..opq`]);
});

test("what is no tar, or half of one, is an error and not an image", async () => {
  await expect(rewritten(Buffer.concat([file, END]).subarray(0, 900))).rejects.toThrow("ends within");
  await expect(rewritten(Buffer.alloc(300))).rejects.toThrow("ends within");
  await expect(rewritten(Buffer.from("no tar ".repeat(200)))).rejects.toThrow("tar");
  const endless = entry("x", "x", { content: "x".repeat(2 ** 20 + 1) });
  await expect(rewritten(endless)).rejects.toThrow("extended header of");
});
