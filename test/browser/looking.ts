import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";

/* How a page is looked at in a real browser, and what must be wrong with none. */

const { source: axe } = createRequire(import.meta.url)("axe-core") as { source: string };

/** Looked at by people: the newest pictures of pages, one folder for all runs of this user. */
export const PICTURES = join(tmpdir(), `lathe-screenshots-${process.getuid?.() ?? 0}`);

export const PHONE = { width: 360, height: 780 };
export const DESK = { width: 1280, height: 800 };

/** Texts of charts that stick out of their picture, where they are cut off. */
export const CUT_OFF = `[...document.querySelectorAll("svg text")].filter((text) => {
  const own = text.getBoundingClientRect(), box = text.closest("svg").getBoundingClientRect();
  return own.width > 0 && (own.left < box.left - 1 || own.right > box.right + 1);
}).map((text) => text.textContent)`;

/** Tables of which a part is out of sight to the side, by how they begin. */
export const SIDEWAYS = `[...document.querySelectorAll(".scroll")].filter((box) => box.scrollWidth > box.clientWidth)
  .map((box) => box.textContent.replace(/\\s+/g, " ").trim().slice(0, 100))`;

/** Unfolds everything. */
export const UNFOLD = `for (const d of document.querySelectorAll("details")) d.open = true`;

export interface Opened {
  readonly page: Page;
  /** What the page said on its console, and every error in it. */
  readonly said: string[];
  readonly requests: string[];
}

/** Opens a page in a tab of its own. */
export async function open(
  context: BrowserContext,
  url: string,
  viewport: typeof PHONE,
  colorScheme: "light" | "dark",
): Promise<Opened> {
  const page = await context.newPage();
  const said: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(error.message));
  page.on("dialog", (dialog) => void said.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => requests.push(request.url()));
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme });
  await page.goto(url);
  return { page, said, requests };
}

/** What axe finds wrong with a page, unfolded but for the longest tables: they are like the others, and take axe a minute. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  await page.evaluate(
    `for (const d of document.querySelectorAll("details")) d.open = d.querySelectorAll("tr").length < 60`,
  );
  const found = await page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map(
    (v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 150) + " " + n.failureSummary).join(" | ")))`);
  return found as string[];
}
