import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderSections, reportJson } from "../../bench/report/index.ts";
import { loadReport } from "../../bench/report/load.ts";
import { HOSTILE, type SampleOptions, writeSampleRun } from "../../bench/testing/report.ts";
import { writeReport } from "../../bench/report/write.ts";
import { openChromium } from "./chromium.ts";

const { source: axe } = createRequire(import.meta.url)("axe-core") as { source: string };

/** Looked at by people: the newest pictures of the report, one folder for all runs of this user. */
const PICTURES = join(tmpdir(), `lathe-screenshots-${process.getuid?.() ?? 0}`);

const PHONE = { width: 360, height: 780 };
const DESK = { width: 1280, height: 900 };

/** Texts of charts that stick out of their picture, where they are cut off. */
const CUT_OFF = `[...document.querySelectorAll("svg text")].filter((text) => {
  const own = text.getBoundingClientRect(), box = text.closest("svg").getBoundingClientRect();
  return own.width > 0 && (own.left < box.left - 1 || own.right > box.right + 1);
}).map((text) => text.textContent)`;

interface Opened {
  readonly page: Page;
  /** What the page said on its console, and every error in it. */
  readonly said: string[];
  readonly requests: string[];
}

describe("the report in a real browser", () => {
  let dir: string;
  let chromium: Awaited<ReturnType<typeof openChromium>>;

  async function report(name: string, options: SampleOptions): Promise<string> {
    const run = join(dir, name);
    await writeSampleRun(run, options);
    const inputs = await loadReport(run, () => {});
    await writeReport(run, inputs, await renderSections(inputs), await reportJson(inputs));
    return pathToFileURL(join(run, "report.html")).href;
  }

  async function open(url: string, viewport: typeof PHONE, colorScheme: "light" | "dark"): Promise<Opened> {
    const page = await chromium.context.newPage();
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

  const violations = async (page: Page) => {
    await page.evaluate(axe);
    // What is folded is looked at too, but for the longest tables: they are like the others, and take axe a minute.
    await page.evaluate(
      `for (const d of document.querySelectorAll("details")) d.open = d.querySelectorAll("tr").length < 60`,
    );
    const found = await page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map(
      (v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 150) + " " + n.failureSummary).join(" | ")))`);
    return found as string[];
  };

  let plain: string;
  let hostile: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "lathe-report-"));
    mkdirSync(PICTURES, { recursive: true });
    chromium = await openChromium();
    plain = await report("plain", { photographs: true });
    hostile = await report("hostile", { hostile: HOSTILE });
  });
  afterAll(async () => {
    await chromium.close();
    rmSync(dir, { recursive: true, force: true });
    process.stderr.write(`Pictures of the report: ${PICTURES}\n`);
  });

  for (const [name, viewport, scheme, axeToo] of [
    ["phone", PHONE, "light", true],
    ["phone-dark", PHONE, "dark", false],
    ["desk", DESK, "light", false],
    ["desk-dark", DESK, "dark", true],
  ] as const) {
    it(`fits a ${name}: no scrolling sideways, nothing cut off, nothing fetched or said${axeToo ? ", no fault that axe finds" : ""}`, async () => {
      const { page, said, requests } = await open(plain, viewport, scheme);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(viewport.width);
      expect(await page.evaluate(CUT_OFF)).toEqual([]);
      if (axeToo) expect(await violations(page)).toEqual([]);
      const path = join(PICTURES, `${name}.png`);
      await page.screenshot({ path, fullPage: true });
      expect(statSync(path).size).toBeGreaterThan(50_000);
      expect(said).toEqual([]);
      expect(requests).toEqual([plain]);
      await page.close();
    });
  }

  it("answers on the first screen of a desk, and says there what is a stand-in", async () => {
    const { page } = await open(plain, DESK, "light");
    for (const selector of ["#answer .answers", "#answer .notice"])
      expect((await page.locator(selector).first().boundingBox())?.y).toBeLessThan(DESK.height);
    await page.close();
  });

  it("draws charts in the colours of the page, which change with light and dark", async () => {
    const colours = async (scheme: "light" | "dark") => {
      const { page } = await open(plain, DESK, scheme);
      const found = await page.evaluate(`["[fill='var(--protocol-1)']", "[fill='var(--protocol-2)']", "svg text"].map(
        (selector) => getComputedStyle(document.querySelector(".panel svg " + selector.replace("svg ", ""))).fill)`);
      await page.close();
      return found as string[];
    };
    const [light, dark] = [await colours("light"), await colours("dark")];
    expect(new Set([...light, ...dark]).size).toBe(6);
  });

  it("shows the deciding columns on a phone without scrolling: rows as cards", async () => {
    const { page } = await open(plain, PHONE, "light");
    for (const [section, words] of [
      ["answer", "faster than all others"],
      ["verdicts", "on the paper's own numbers"],
      ["effects", "95 % interval"],
      ["attribution", "adds up"],
      ["server-clock", "agree"],
    ] as const) {
      const table = page.locator(`#${section} .cards`).first();
      // A card's names of columns are generated, so the cell that has one is looked at.
      const cell = table.locator(`td[data-title="${words}"], td:has-text("${words}")`).first();
      const box = await cell.boundingBox();
      expect(box, `${section}: ${words}`).not.toBeNull();
      expect((box?.x ?? 0) + (box?.width ?? Infinity)).toBeLessThanOrEqual(PHONE.width);
      expect(
        await table.evaluate((e: { scrollWidth: number; clientWidth: number }) => e.scrollWidth - e.clientWidth),
      ).toBe(0);
      expect(await table.getByRole("row").count()).toBeGreaterThan(1);
    }
    await page.close();
  });

  it("has what decides in sight on a desk", async () => {
    const { page } = await open(plain, DESK, "light");
    for (const [section, words] of [
      ["attribution", "adds"],
      ["server-clock", "agree"],
      ["answer", "how sure"],
    ] as const) {
      const box = await page.locator(`#${section} th`, { hasText: words }).first().boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? Infinity), section).toBeLessThanOrEqual(DESK.width);
    }
    // The list of contents is there whole, and so is the split's last column.
    for (const part of ["nav ul", "#attribution .scroll"])
      expect(
        await page
          .locator(part)
          .first()
          .evaluate((e: { scrollWidth: number; clientWidth: number }) => e.scrollWidth - e.clientWidth),
        part,
      ).toBe(0);
    await page.close();
  });

  it("keeps the phases of a call folded on a phone, where they are many screens long", async () => {
    const { page } = await open(plain, PHONE, "dark");
    expect((await page.locator("#phases").boundingBox())?.height).toBeLessThan(300);
    await page.close();
  });

  it("prints all of it: folded parts too, no list of contents", async () => {
    const { page } = await open(plain, DESK, "light");
    const folded = page.locator("details table").first();
    expect(await folded.isVisible()).toBe(false);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await folded.isVisible()).toBe(true);
    expect(await page.locator("nav").isVisible()).toBe(false);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    // Signs tell ours from the paper's: they are printed where backgrounds are not.
    expect(
      await page.evaluate(
        `getComputedStyle(document.querySelector(".legend .key")).getPropertyValue("print-color-adjust")`,
      ),
    ).toBe("exact");
    // What A4 has room for between the margins that a browser leaves, at 96 pixels an inch.
    await page.setViewportSize({ width: 718, height: 1000 });
    expect(
      await page.evaluate(`[...document.querySelectorAll("table")].filter((t) => t.getBoundingClientRect().right > 719)
        .map((t) => t.textContent.trim().slice(0, 60))`),
    ).toEqual([]);
    await page.setViewportSize(DESK);
    await page.screenshot({ path: join(PICTURES, "print.png"), fullPage: true });
    await page.pdf({ path: join(PICTURES, "print.pdf"), format: "A4", printBackground: true });
    expect(statSync(join(PICTURES, "print.pdf")).size).toBeGreaterThan(50_000);
    await page.close();
  });

  it("shows hostile names and messages as text, and runs nothing", async () => {
    const { page, said, requests } = await open(hostile, PHONE, "light");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
    expect(await page.evaluate("window.hacked")).toBeUndefined();
    expect(await page.locator("script, img, iframe, object, [onerror], [onload]").count()).toBe(0);
    expect(await page.locator("section table").getByText(HOSTILE).count()).toBeGreaterThan(0);
    expect(await violations(page)).toEqual([]);
    expect(said).toEqual([]);
    expect(requests).toEqual([hostile]);
    await page.close();
  });

  it("would not let a script run or a picture be fetched that got into it", async () => {
    let asked = 0;
    const server = createServer((_request, response) => response.end(String((asked += 1))));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { page, said } = await open(plain, DESK, "light");
    await page.evaluate(`{
      const picture = new Image(), script = document.createElement("script");
      picture.src = "http://127.0.0.1:${port}/";
      script.textContent = "window.hacked = 1";
      document.body.append(picture, script);
    }`);
    await expect.poll(() => said.filter((line) => line.includes("Content Security Policy"))).toHaveLength(2);
    expect(await page.evaluate("window.hacked")).toBeUndefined();
    expect(asked).toBe(0);
    await page.close();
    server.close();
  });
});
