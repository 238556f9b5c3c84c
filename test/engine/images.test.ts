import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pulumi, setConfig, tryUp, up, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { LOCK_FILE } from "../../infra/images/lock.ts";
import { latheProgram } from "../../lib/paths.ts";
import { TEST_LAB } from "../lab/setup.ts";
import { on } from "../lab/tools.ts";
import { makeBed, type Bed } from "./harness.ts";

/* A tag that moves in a real registry between two ups, as its owner may move it at any time. */

const HOST = "cloud";
const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

let bed: Bed;
let stack: StackRef;
let tagged: string;
let digests: string[];
beforeAll(async () => {
  bed = await makeBed();
  // The registry's storage is shared by all labs.
  tagged = `${bed.image.slice(0, bed.image.indexOf("@"))}:moving-${TEST_LAB}`;
  digests = [await moveTag({ Labels: { moved: "once" } }), await moveTag({ Labels: { moved: "twice" } })];
  await moveTag({ Labels: { moved: "once" } });
  stack = await bed.stack("cloud", { "lathe:host": HOST, "lathe:models": "null", "lathe:image": tagged });
});
afterAll(() => bed?.down());

/**
 * Makes an image of the bed's own layers with another configuration, and the tag stand for it.
 *
 * @returns its digest
 */
async function moveTag({
  Labels = {},
  architecture = "amd64",
}: {
  Labels?: Record<string, string>;
  architecture?: string;
}) {
  const [address = "", name = ""] = /^([^/]+)\/(.*)@/.exec(bed.image)?.slice(1) ?? [];
  const url = `http://${address}/v2/${name}`;
  const get = async (path: string) =>
    (await (await request(`${url}/${path}`, { headers: { accept: MANIFEST } })).body.json()) as Record<string, never>;
  const manifest = (await get(`manifests/${bed.image.split("@")[1]}`)) as unknown as {
    config: { digest: string; size: number };
  };
  const config = (await get(`blobs/${manifest.config.digest}`)) as unknown as { config: { Labels: object } };
  const blob = Buffer.from(
    JSON.stringify({
      ...config,
      architecture,
      config: { ...config.config, Labels: { ...config.config.Labels, ...Labels } },
    }),
  );
  const digest = `sha256:${createHash("sha256").update(blob).digest("hex")}`;
  const begun = await request(`${url}/blobs/uploads/`, { method: "POST" });
  await begun.body.dump();
  const to = new URL(String(begun.headers["location"]), url);
  to.searchParams.set("digest", digest);
  const put = await request(to, { method: "PUT", body: blob, headers: { "content-type": "application/octet-stream" } });
  await put.body.dump();
  const body = JSON.stringify({ ...manifest, config: { ...manifest.config, digest, size: blob.length } });
  const kept = await request(`${url}/manifests/${tagged.slice(tagged.lastIndexOf(":") + 1)}`, {
    ...{ method: "PUT", body, headers: { "content-type": MANIFEST } },
  });
  await kept.body.dump();
  expect([put.statusCode, kept.statusCode]).toEqual([201, 201]);
  return String(kept.headers["docker-content-digest"]);
}

const byDigest = (digest = "") => `${tagged.slice(0, tagged.lastIndexOf(":"))}@${digest}`;
const locked = async () =>
  (JSON.parse(await readFile(join(bed.projectDir, LOCK_FILE), "utf8")) as { images: Record<string, string> }).images;
const containerId = () => on(bed.lab, HOST, "docker inspect tf-serving --format '{{.Id}}'");

/** Runs `npx lathe` as a user would. */
function lathe<T>(...args: string[]): Promise<{ code: number; said: T; stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [latheProgram, ...args, "--json"], (error, stdout, stderr) => {
      if (stdout === "") return reject(new Error(stderr));
      resolve({ code: typeof error?.code === "number" ? error.code : 0, said: JSON.parse(stdout) as T, stderr });
    });
  });
}
const images = (...args: string[]) =>
  lathe<{ images: { image: string; locked: string; now: string; state: string }[]; moved: boolean }>(
    "images",
    ...["--project", bed.projectDir, ...args],
  );

test("a preview asks what a tag stands for and keeps nothing", async () => {
  const { code, output } = await pulumi(stack, ["preview", "--stack", stack.stack]);
  expect(code, output).toBe(0);
  await expect(locked()).rejects.toThrow("ENOENT");
});

test("the first up keeps the digest of a tag, says which it is, and takes it", async () => {
  const { code, output } = await tryUp(stack);
  expect(code, output).toBe(0);
  expect(output).toContain(`${digests[0]} from now on (images.lock.json; npx lathe images moves it)`);
  expect(await locked()).toEqual({ [tagged]: digests[0] });
  expect((await up(stack)).servers[0]?.image).toBe(byDigest(digests[0]));
});

test("a tag that has moved changes nothing: not on up again, and not for another stack", async () => {
  const id = await containerId();
  await moveTag({ Labels: { moved: "twice" } });
  const again = await tryUp(stack);
  expect([again.code, Object.keys(again.changes)], again.output).toEqual([0, ["same"]]);
  expect(await containerId()).toBe(id);
  const other = await bed.stack("client", { "lathe:host": "client", "lathe:models": "null", "lathe:image": tagged });
  expect((await up(other)).servers[0]?.image).toBe(byDigest(digests[0]));
});

test("one command shows where a tag stands now, and moves it; then up makes the container anew", async () => {
  const shown = await images();
  const row = { image: tagged, locked: digests[0], now: digests[1] };
  expect([shown.code, shown.said.moved]).toEqual([0, false]);
  expect(shown.said.images).toMatchObject([{ ...row, state: "moved on", servers: ["client", "cloud"] }]);
  expect((await images("--move")).said.moved).toBe(true);
  expect(await locked()).toEqual({ [tagged]: digests[1] });
  expect((await images()).said.images).toMatchObject([{ locked: digests[1], state: "as locked" }]);
  const id = await containerId();
  expect((await up(stack)).servers[0]?.image).toBe(byDigest(digests[1]));
  expect(await containerId()).not.toBe(id);
});

test("a tag that there is none of is refused before anything is made, with what to do", async () => {
  const missing = `${tagged}-not`;
  await setConfig(stack, { "lathe:image": missing });
  const { code, output } = await tryUp(stack);
  expect(code).not.toBe(0);
  expect(output).toContain(`host ${HOST}: its registry has no image ${missing}`);
  expect(output).toMatch(/fix: npx lathe pulumi config set lathe:image/);
  expect(await locked()).toEqual({ [tagged]: digests[1] });
  await setConfig(stack, { "lathe:image": tagged });
});

test("the doctor asks the registry for an image's builds, and names an image for another processor before anything is deployed", async () => {
  const processor = async () => {
    const { said } = await lathe<{ hosts: { checks: { check: string; verdict: string; found: string }[] }[] }>(
      ...["doctor", HOST, "--ssh-config", bed.lab.sshConfig, "--image", tagged],
    );
    return said.hosts[0]?.checks.find(({ check }) => check === "processor");
  };
  expect(await processor()).toMatchObject({ verdict: "ok", found: "amd64" });
  await moveTag({ architecture: "arm64" });
  expect(await processor()).toMatchObject({
    ...{ verdict: "stop", found: `amd64, and image ${tagged} has builds for linux/arm64 only` },
  });
});
