import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LOCK_FILE, keepDigests } from "../infra/images/lock.ts";
import type { Asked } from "../infra/images/registry.ts";
import { defaultServerKind } from "../infra/servers/registry.ts";
import { images } from "./images.ts";

/* A map stands in for registries: what is tried is what is asked, shown and kept. */

const registry = new Map<string, string>();
const asked: string[] = [];
vi.mock("../infra/images/registry.ts", () => ({
  askRegistry: (target: { destination: string } | null, reference: string): Promise<Asked> => {
    asked.push(`${target?.destination ?? "here"} ${reference}`);
    const digest = registry.get(reference);
    if (digest === undefined || target?.destination === "deaf")
      return Promise.resolve({ ok: false, said: "manifest unknown" });
    return Promise.resolve({ ok: true, image: { digest, platforms: [] } });
  },
}));

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const DEFAULT = defaultServerKind.defaultImage;

let dir: string;
let printed: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-images-"));
  await writeFile(join(dir, "Pulumi.yaml"), "name: lathe\nruntime: nodejs\n");
  registry.clear();
  asked.length = 0;
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((printed += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true });
});

const stack = (name: string, ...lines: string[]) =>
  writeFile(
    join(dir, `Pulumi.${name}.yaml`),
    ["config:", `  lathe:models: ["null"]`, ...lines.map((l) => `  ${l}`), ""].join("\n"),
  );
const run = (options: { move?: true; json?: true; stack?: string[] } = {}) =>
  images({
    project: dir,
    stack: options.stack,
    move: options.move,
    json: options.json,
    verbose: undefined,
    help: undefined,
    all: undefined,
  } as never);
interface Shown {
  readonly schema: string;
  readonly moved: boolean;
  readonly images: readonly {
    image: string;
    locked: string | null;
    now: string | null;
    state: string;
    servers: string[];
  }[];
  readonly faults: readonly string[];
}
const shown = () => JSON.parse(printed) as Shown;

test("every image of every server and of the proxies before them is shown, each once, with what its tag says now", async () => {
  await stack("edge", "lathe:host: edge.example", "lathe:rest: token");
  await stack("cloud", "lathe:host: cloud.example", 'lathe:servers: [{name: a}, {name: b, image: "r.example/mine"}]');
  await stack("fixed", "lathe:host: fixed.example", `lathe:image: r.example/own@${digest("f")}`);
  registry.set(DEFAULT, digest("1")).set("haproxy:2.8", digest("2")).set("r.example/mine:latest", digest("4"));
  await keepDigests(dir, { [DEFAULT]: digest("1"), "haproxy:2.8": digest("3") });
  expect(await run({ json: true })).toBe(0);
  expect(shown()).toMatchObject({ schema: "lathe.images/1", moved: false, faults: [] });
  expect(
    shown().images.map(({ image, locked, now, state, servers }) => [
      image,
      locked?.at(-1),
      now?.at(-1),
      state,
      servers,
    ]),
  ).toEqual([
    [DEFAULT, "1", "1", "as locked", ["cloud/a", "edge"]],
    ["r.example/mine:latest", undefined, "4", "not locked yet", ["cloud/b"]],
    ["haproxy:2.8", "3", "2", "moved on", ["edge"]],
    [`r.example/own@${digest("f")}`, "f", undefined, "by digest", ["fixed"]],
  ]);
  // Of those that have it, one machine is asked.
  expect(asked).toEqual([
    `cloud.example ${DEFAULT}`,
    "cloud.example r.example/mine:latest",
    "edge.example haproxy:2.8",
  ]);
  printed = "";
  await run();
  expect(printed).toMatch(/haproxy:2\.8 +sha256:333333333333 +sha256:222222222222 +moved on +edge/);
  expect(printed).toContain("npx lathe images --move");
});

test("nothing is kept unless it is asked for, and then all that the tags say now", async () => {
  await stack("edge", "lathe:host: edge.example", "lathe:rest: token");
  registry.set(DEFAULT, digest("1")).set("haproxy:2.8", digest("2"));
  await keepDigests(dir, { "haproxy:2.8": digest("3"), "other:1": digest("4") });
  const before = await readFile(join(dir, LOCK_FILE), "utf8");
  await run();
  expect(await readFile(join(dir, LOCK_FILE), "utf8")).toBe(before);
  expect(await run({ move: true })).toBe(0);
  expect(printed).toContain("The next `npx lathe up` makes those servers' containers anew.");
  expect(JSON.parse(await readFile(join(dir, LOCK_FILE), "utf8"))).toMatchObject({
    images: { [DEFAULT]: digest("1"), "haproxy:2.8": digest("2"), "other:1": digest("4") },
  });
});

test("a machine that gets no answer leaves the question to the next, and an image of which nobody tells is a failure with its reason", async () => {
  await stack("a", "lathe:host: deaf");
  await stack("b", "lathe:host: b.example");
  registry.set(DEFAULT, digest("1"));
  expect(await run({ json: true })).toBe(0);
  expect(asked).toEqual([`deaf ${DEFAULT}`, `b.example ${DEFAULT}`]);
  printed = "";
  expect(await run({ stack: ["a"], move: true })).toBe(1);
  expect(printed).toContain("host deaf: its registry has no image");
  expect(printed).toContain("unknown");
});

test("a stack of an organisation is named as Pulumi prints it, and read from the file of its last name", async () => {
  await stack("edge", "lathe:host: edge.example");
  await stack("cloud", "lathe:host: cloud.example");
  registry.set(DEFAULT, digest("1"));
  expect(await run({ json: true, stack: ["acme/edge"] })).toBe(0);
  expect(shown().images.map(({ servers }) => servers)).toEqual([["edge"]]);
  printed = "";
  expect(await run({ json: true, stack: ["acme/lathe/edge", "cloud"] })).toBe(0);
  expect(shown().images.map(({ servers }) => servers)).toEqual([["edge", "cloud"]]);
  await expect(run({ stack: ["acme/egde"] })).rejects.toThrow(/no stack "acme\/egde"/);
});

test("a stack whose config is wrong is told, and the others are shown", async () => {
  await stack("a", "lathe:hots: x");
  await stack("b", "lathe:host: b.example");
  await stack("d", "lathe:host: d.example", "lathe:image: { secure: v1:abc }");
  await writeFile(join(dir, "Pulumi.c.yaml"), "config: [");
  registry.set(DEFAULT, digest("1"));
  expect(await run({ json: true })).toBe(1);
  expect(shown().images.map(({ servers }) => servers)).toEqual([["b"]]);
  expect(shown().faults.map((fault) => fault.split("\n")[0])).toEqual([
    expect.stringContaining("stack a: lathe:hots: no such key"),
    expect.stringContaining("stack c: Pulumi.c.yaml: "),
    "stack d: lathe:image: set with --secret",
  ]);
});
