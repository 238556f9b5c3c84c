import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderSections, reportJson } from "../../bench/report/index.ts";
import { loadReport } from "../../bench/report/load.ts";
import { HOSTILE, type SampleOptions, writeSampleRun } from "../../bench/testing/report.ts";
import { writeReport } from "../../bench/report/write.ts";
import { openChromium } from "./chromium.ts";
import { CUT_OFF, DESK, PHONE, PICTURES, SIDEWAYS, UNFOLD, open as openIn, violations } from "./looking.ts";

/** A phone's page with all folds closed, in pixels. */
const LONGEST = 12_000;

/** Pages of A4 that a report may take. */
const MOST_PAGES = 8;

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

  const open = (url: string, viewport: typeof PHONE, scheme: "light" | "dark") =>
    openIn(chromium.context, url, viewport, scheme);

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
      const path = join(PICTURES, `${name}.png`);
      await page.screenshot({ path, fullPage: true });
      expect(statSync(path).size).toBeGreaterThan(50_000);
      if (axeToo) expect(await violations(page)).toEqual([]);
      expect(said).toEqual([]);
      expect(requests).toEqual([plain]);
      await page.close();
    });
  }

  it("has on the first screen of a desk the finding with its milliseconds, the map, where time goes, why, how sure, caveats and files", async () => {
    const { page } = await open(plain, DESK, "light");
    expect(await page.locator("h1").textContent()).toMatch(/ is fastest: [\d.]+ ms for ssd-mobilenet$/);
    for (const selector of [".files", ".strip", ".heat", ".bars", ".why", ".answers", ".answers .sure"]) {
      const all = page.locator(`header ${selector}`);
      const box = await all.last().boundingBox();
      expect((box?.y ?? Infinity) + (box?.height ?? 0), selector).toBeLessThanOrEqual(DESK.height);
      expect((box?.x ?? Infinity) + (box?.width ?? 0), selector).toBeLessThanOrEqual(DESK.width);
    }
    // Three models of two protocols at five places, none cut off, and the fastest of each marked.
    expect(await page.locator(".heat td").count()).toBe(30);
    expect(
      await page
        .locator(".heat")
        .evaluate((e: { scrollWidth: number; clientWidth: number }) => e.scrollWidth - e.clientWidth),
    ).toBe(0);
    expect(await page.locator(".heat .best").allTextContents()).toHaveLength(2);
    await page.close();
  });

  it("has on the first screen of a phone the finding, the caveats and the map of its model, and is read to its end in reasonable time", async () => {
    const { page } = await open(plain, PHONE, "light");
    for (const selector of ["h1", ".strip", ".heat table"]) {
      const box = await page.locator(`header ${selector}`).first().boundingBox();
      expect((box?.y ?? Infinity) + (box?.height ?? 0), selector).toBeLessThanOrEqual(PHONE.height);
    }
    expect(await page.evaluate("document.documentElement.scrollHeight")).toBeLessThan(LONGEST);
    await page.close();
  });

  it("has text of enough contrast on every colour of the map, light and dark", async () => {
    for (const scheme of ["light", "dark"] as const) {
      const { page } = await open(plain, DESK, scheme);
      const lowest = await page.evaluate(`(() => {
        const luminance = (colour) => {
          const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => Number(v) / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        return Math.min(...["h0", "h1", "h2", "h3", "h4"].map((name) => {
          const swatch = document.querySelector(".swatches ." + name);
          const [a, b] = [getComputedStyle(swatch).backgroundColor, getComputedStyle(document.querySelector(".heat td")).color].map(luminance);
          return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        }));
      })()`);
      expect(lowest, scheme).toBeGreaterThanOrEqual(7);
      await page.close();
    }
  });

  it("lets readers sort and filter the table of cells, and shows it whole where scripts are off", async () => {
    const { page, said } = await open(plain, DESK, "light");
    await page.locator("#cells summary").last().click();
    const rows = page.locator("#cells table.sortable tbody tr");
    const column = async (name: string) => {
      const heads = await page.locator("#cells table.sortable thead th").allTextContents();
      const i = heads.findIndex((head) => head.includes(name));
      return await rows.evaluateAll(
        (all: { cells: { textContent: string }[]; hidden: boolean }[], at: number) =>
          all.filter((row) => !row.hidden).map((row) => row.cells[at]?.textContent.trim() ?? ""),
        i,
      );
    };
    const before = await column("median");
    expect(before).toHaveLength(300);
    await page.getByRole("button", { name: "median, ms" }).click();
    const sorted = (await column("median")).map(Number).filter((ms) => !Number.isNaN(ms));
    expect(sorted).toEqual([...sorted].sort((a, b) => a - b));
    expect(sorted).toHaveLength(299);
    expect(Number.isNaN(Number((await column("median")).at(-1)))).toBe(true);
    await page.getByRole("button", { name: "median, ms" }).click();
    expect((await column("median")).map(Number)[0]).toBe(Math.max(...sorted));
    await page.getByLabel("Filter rows").fill("edge ssd image-4");
    const images = await column("image");
    expect(images.length).toBeGreaterThan(0);
    expect(new Set(images)).toEqual(new Set(["image-4"]));
    expect(said).toEqual([]);
    await page.close();

    // The file itself has all rows: no script makes them.
    const [, cells = ""] = readFileSync(fileURLToPath(plain), "utf8").split('class="sortable"');
    expect(cells.split("</table>")[0]?.match(/<tr[ >]/g)).toHaveLength(301);
  });

  it("lets a map of more protocols than a phone has room for scroll by itself, and nothing else", async () => {
    const { page } = await open(plain, PHONE, "light");
    await page.evaluate(`for (const row of document.querySelectorAll(".heat tr"))
      for (let i = 0; i < 6; i++) row.append(row.lastElementChild.cloneNode(true))`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
    expect(
      await page
        .locator(".heat")
        .evaluate((e: { scrollWidth: number; clientWidth: number }) => e.scrollWidth - e.clientWidth),
    ).toBeGreaterThan(0);
    await page.close();
  });

  it("draws charts in the colours of the page, which change with light and dark", async () => {
    const colours = async (scheme: "light" | "dark") => {
      const { page } = await open(plain, DESK, scheme);
      const found = await page.evaluate(`["[fill='var(--protocol-1)']", "[fill='var(--protocol-2)']", "text"].map(
        (selector) => getComputedStyle(document.querySelector(".panel svg " + selector)).fill)`);
      await page.close();
      return found as string[];
    };
    const [light, dark] = [await colours("light"), await colours("dark")];
    expect(new Set([...light, ...dark]).size).toBe(6);
  });

  it("shows every table on a phone whole, rows as cards: none scrolls sideways, each value stands below its column's name", async () => {
    for (const url of [plain, hostile]) {
      const { page } = await open(url, PHONE, "light");
      await page.evaluate(UNFOLD);
      expect(await page.evaluate(SIDEWAYS)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
      await page.close();
    }
    const { page } = await open(plain, PHONE, "light");
    // The place and its values, of a table of words and of a long table.
    const names = async (table: string) =>
      await page.evaluate<string[]>(
        `[...document.querySelector("${table} tbody tr").querySelectorAll("td")].map((td) => td.dataset.title)`,
      );
    expect(await names("#verdicts .cards")).toContain("on the paper's own numbers");
    expect(await names("#latency .cards")).toEqual(expect.arrayContaining(["from → to", "p50, ms", "p95, ms"]));
    expect(await page.locator("#verdicts .cards").first().getByRole("row").count()).toBeGreaterThan(1);
    expect(await page.locator("#cells table.sortable").first().getAttribute("role")).toBe("table");
    // Sorting by touch: what sorts is in sight above the cards.
    await page.locator("#cells summary").last().click();
    await page.getByRole("button", { name: "median, ms" }).click();
    const first = page.locator("#cells table.sortable tbody tr").first();
    expect((await first.boundingBox())?.width).toBeLessThanOrEqual(PHONE.width);
    expect(await page.locator("#cells thead th[aria-sort]").textContent()).toContain("median, ms");
    await page.close();
  });

  it("keeps a long table's header in sight while it scrolls", async () => {
    const { page } = await open(plain, DESK, "light");
    const scroller = page.locator("#latency .tall");
    const head = scroller.locator("thead th").first();
    const before = await head.boundingBox();
    await scroller.evaluate((e: { scrollTop: number }) => void (e.scrollTop = 300));
    expect((await head.boundingBox())?.y).toBeCloseTo(before?.y ?? NaN, 0);
    await page.close();
  });

  it("prints what is unfolded and every caveat on few pages, no list of contents and no table of hundreds of cells", async () => {
    const { page } = await open(plain, DESK, "light");
    const folded = page.locator("#time details").first();
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await folded.isVisible()).toBe(false);
    expect(await page.locator(".strip li").first().isVisible()).toBe(true);
    await folded.evaluate((e: { open: boolean }) => void (e.open = true));
    expect(await folded.locator(".panel, table").first().isVisible()).toBe(true);
    await folded.evaluate((e: { open: boolean }) => void (e.open = false));
    expect(await page.locator("nav").isVisible()).toBe(false);
    expect(await page.locator("#cells").isVisible()).toBe(false);
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
    const pdf = await page.pdf({ path: join(PICTURES, "print.pdf"), format: "A4", printBackground: true });
    expect(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length).toBeLessThan(MOST_PAGES);
    expect(statSync(join(PICTURES, "print.pdf")).size).toBeGreaterThan(50_000);
    await page.close();
  });

  it("shows hostile names and messages as text, and runs nothing", async () => {
    const { page, said, requests } = await open(hostile, PHONE, "light");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
    expect(await page.evaluate("window.hacked")).toBeUndefined();
    expect(await page.locator("img, iframe, object, [onerror], [onload]").count()).toBe(0);
    expect(await page.locator("script").count()).toBe(1);
    expect(await page.locator("section table").getByText(HOSTILE).count()).toBeGreaterThan(0);
    expect(await violations(page)).toEqual([]);
    expect(said).toEqual([]);
    expect(requests).toEqual([hostile]);
    await page.close();
  });

  it("would not let a script or a style act, or a picture be fetched, that got into it", async () => {
    let asked = 0;
    const server = createServer((_request, response) => response.end(String((asked += 1))));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { page, said } = await open(plain, DESK, "light");
    await page.evaluate(`{
      const picture = new Image(), script = document.createElement("script"), style = document.createElement("style");
      picture.src = "http://127.0.0.1:${port}/";
      script.textContent = "window.hacked = 1";
      style.textContent = "body { opacity: 0.5 }";
      document.body.append(picture, script, style);
      document.querySelector("h1").setAttribute("style", "opacity: 0.5");
    }`);
    await expect.poll(() => said.filter((line) => line.includes("Content Security Policy"))).toHaveLength(4);
    expect(await page.evaluate("window.hacked")).toBeUndefined();
    expect(
      await page.evaluate(
        "getComputedStyle(document.body).opacity + getComputedStyle(document.querySelector('h1')).opacity",
      ),
    ).toBe("11");
    expect(asked).toBe(0);
    await page.close();
    server.close();
  });
});
