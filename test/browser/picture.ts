import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { openChromium } from "./chromium.ts";

/*
 * The README's picture of a report: node test/browser/picture.ts runs/RUN/report.html docs/report.png
 * Light, 1280 pixels wide: the answer, what must be known beside it, and Table 1; what lies between is left out.
 */
const [report, picture] = process.argv.slice(2);
if (report === undefined || picture === undefined) throw new Error("two paths: of a report.html, and of the picture");

const LEFT_OUT = "nav, #answer > :is(.table, figure, details), #paper-tables .table ~ .table { display: none }";

const { context, close } = await openChromium();
try {
  const page = await context.newPage();
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.addStyleTag({ content: LEFT_OUT });
  const end = await page.locator("#paper-tables .table").first().boundingBox();
  if (end === null) throw new Error(`${report}: no Table 1 in it`);
  mkdirSync(dirname(resolve(picture)), { recursive: true });
  const height = Math.ceil(end.y + end.height + 24);
  const shot = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: 1280, height } });
  // Packed tighter than a browser does it, and without the channel that says that nothing is transparent.
  writeFileSync(picture, await sharp(shot).removeAlpha().png({ compressionLevel: 9 }).toBuffer());
} finally {
  await close();
}
