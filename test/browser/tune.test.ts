import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { tunePage } from "../../tune/page.ts";
import { play } from "../../tune/testing/play.ts";
import { synthetic } from "../../tune/testing/worlds.ts";
import { openChromium } from "./chromium.ts";
import { CUT_OFF, DESK, PHONE, PICTURES, SIDEWAYS, UNFOLD, open, violations } from "./looking.ts";

it("a tuning's page leads with the answer and its figures, fits a phone and a desk, light, dark and print, with no fault that axe finds", async () => {
  const about = {
    ...{ id: "2026-11-28T06-56-51Z", stack: "edge", server: "edge", model: "ssd-mobilenet" },
    calls: "client probe on the server's machine, image-7, load closed-loop, concurrency 4",
  };
  const dir = mkdtempSync(join(tmpdir(), "lathe-tune-page-"));
  mkdirSync(PICTURES, { recursive: true });
  const file = join(dir, "tune.html");
  const url = pathToFileURL(file).href;
  writeFileSync(file, tunePage(about, play(synthetic(8, 1), 600, 1)));
  const chromium = await openChromium();
  try {
    for (const [name, viewport, scheme] of [
      ["phone", PHONE, "light"],
      ["phone-dark", PHONE, "dark"],
      ["desk", DESK, "light"],
      ["desk-dark", DESK, "dark"],
    ] as const) {
      const { page, said, requests } = await open(chromium.context, url, viewport, scheme);
      expect(await page.locator("h1").textContent()).toMatch(/^edge: .* is [\d.]+ times as good as the rule$/);
      const found = await page.locator("header .table").boundingBox();
      expect((found?.y ?? Infinity) + (found?.height ?? 0), name).toBeLessThanOrEqual(viewport.height);
      await page.screenshot({ path: join(PICTURES, `tune-${name}.png`), fullPage: true });
      await page.evaluate(UNFOLD);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(viewport.width);
      expect(await page.evaluate(SIDEWAYS), name).toEqual([]);
      expect(await page.evaluate(CUT_OFF), name).toEqual([]);
      if (name === "phone" || name === "desk-dark") expect(await violations(page)).toEqual([]);
      expect(said).toEqual([]);
      expect(requests).toEqual([url]);
      await page.close();
    }
    const { page } = await open(chromium.context, url, DESK, "dark");
    const pdf = await page.pdf({ path: join(PICTURES, "tune-print.pdf"), format: "A4", printBackground: true });
    expect(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length).toBeLessThanOrEqual(5);
  } finally {
    await chromium.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
