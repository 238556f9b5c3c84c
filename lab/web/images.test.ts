import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serverKind } from "../../infra/servers/registry.ts";
import { webImages } from "./images.ts";

const FOLDER = join(import.meta.dirname, "requirements");

test("each image is of a server kind, has its real program, and pins every package with its hashes", async () => {
  expect((await readdir(FOLDER)).sort()).toEqual(webImages.map(({ kind }) => `${kind}.txt`).sort());
  for (const { kind, standsFor } of webImages) {
    expect([serverKind(kind).name, standsFor]).toEqual([kind, undefined]);
    const text = (await readFile(join(FOLDER, `${kind}.txt`), "utf8")).replaceAll(/ *\\\n */g, " ");
    const entries = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(entries.length).toBeGreaterThan(3);
    for (const entry of entries) expect(entry).toMatch(/^[a-z0-9-]+==\S+( --hash=sha256:[0-9a-f]{64})+$/);
    expect(text).toMatch(kind === "fastapi" ? /^uvicorn==/m : /^gunicorn==/m);
  }
});

test("the Dockerfile says of itself what the server kinds advise", async () => {
  const text = await readFile(join(import.meta.dirname, "Dockerfile"), "utf8");
  const advised = serverKind("flask").imageToBuild ?? "";
  for (const command of [/docker build .*?Dockerfile \./, /docker push \S+?:1/]) {
    const [line = "-"] = command.exec(advised) ?? [];
    expect(text).toContain(line);
  }
});
