import { constants } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { needPrograms } from "../../lab/debian/needs.ts";
import type { Progress } from "../../lib/progress.ts";

/** Programs that are a Chromium, the Debian package's first. */
const PROGRAMS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"] as const;

/** Nothing that a browser does by itself: no first-run pages, no updates, no talk to anyone. */
const ARGUMENTS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** The path of the Chromium on PATH; undefined if there is none. */
async function found(): Promise<string | undefined> {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const path of PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program)))) {
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

/** Sees to it that this machine has a Chromium. */
export async function needChromium(progress: Progress): Promise<void> {
  if ((await found()) === undefined) await needPrograms(["chromium"], progress);
}

/** A real Chromium with a profile of its own, which `close` removes. */
export async function openChromium(): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const executablePath = await found();
  if (executablePath === undefined) throw new Error("no Chromium here: npm test -- browser installs it");
  const profile = await mkdtemp(join(tmpdir(), "lathe-chromium-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: ARGUMENTS });
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { context, close };
}
