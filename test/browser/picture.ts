import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { openChromium } from "./chromium.ts";

/*
 * The README's picture of a report: node test/browser/picture.ts runs/RUN/report.html docs/report.png
 * Light, 1280 pixels wide: the first screen, down to the first section.
 */
const [report, picture] = process.argv.slice(2);
if (report === undefined || picture === undefined) throw new Error("two paths: of a report.html, and of the picture");

const { context, close } = await openChromium();
try {
  const page = await context.newPage();
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(pathToFileURL(resolve(report)).href);
  const end = await page.locator("header").boundingBox();
  if (end === null) throw new Error(`${report}: no first screen in it`);
  mkdirSync(dirname(resolve(picture)), { recursive: true });
  const height = Math.ceil(end.y + end.height);
  const shot = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: 1280, height } });
  // Packed tighter than a browser does it, and without the channel that says that nothing is transparent.
  writeFileSync(picture, await sharp(shot).removeAlpha().png({ compressionLevel: 9 }).toBuffer());
} finally {
  await close();
}
