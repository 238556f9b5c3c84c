import { escapeHtml } from "../render/markup.ts";
import { OBJECT_SCORE } from "../../stats/objects.ts";
import type { Found, Picture } from "../../stats/detections/findings.ts";
import type { Photograph } from "../../records/photographs.ts";
import { type Rect, placeLabels } from "./label-layout.ts";

/** Size of a drawing and, where the photograph is kept, the id of its one copy in the page. */
export interface Ground {
  readonly width: number;
  readonly height: number;
  readonly photographId?: string;
}

/** Most objects that are drawn; the table beside has them all. */
export const MOST_DRAWN = 24;

const FONT_PX = 20;
const LABEL_HEIGHT = 25;
/** Width of a character on average, and of the space around a label. */
const CHARACTER_PX = 10.6;
const PADDING_PX = 5;
/** Colours of classes in page.css, `c0` and on; classes beyond them begin again. */
const COLOURS = 12;

/** Each class's colour in all pictures of a report; the classes that are in most pictures have colours of their own first. */
export function classColours(pictures: readonly Picture[]): ReadonlyMap<string, number> {
  const inPictures = new Map<string, number>();
  for (const { found } of pictures)
    for (const label of new Set(found.map((f) => f.label))) inPictures.set(label, (inPictures.get(label) ?? 0) + 1);
  const ordered = [...inPictures].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  return new Map(ordered.map(([label], i) => [label, i % COLOURS]));
}

/**
 * An SVG of a photograph with its objects: a box each, in the colour of its class, with name and score on a plate of that
 * colour. Text is dark on light plates whatever the page's theme, for it lies on a photograph.
 *
 * @param colours of `classColours`, so that a class has one colour in all pictures
 */
export function drawPicture(picture: Picture, ground: Ground, colours: ReadonlyMap<string, number>): string {
  const { width, height } = ground;
  const shown = picture.found.slice(0, MOST_DRAWN);
  const boxes = shown.map((found) => rectOf(found, ground));
  const labels = placeLabels(
    shown.map((found, i) => ({
      box: boxes[i] as Rect,
      width: textOf(found).length * CHARACTER_PX + 2 * PADDING_PX,
      height: LABEL_HEIGHT,
    })),
    ground,
  );
  const colour = (found: Found) => `c${colours.get(found.label) ?? 0}`;
  const parts = [
    ground.photographId === undefined
      ? `<rect class="blank" width="${width}" height="${height}"/>`
      : `<use href="#${ground.photographId}"/>`,
    // Boxes first, all labels above all boxes: the least certain object is drawn first.
    ...shown.map((f, i) => boxOf(boxes[i] as Rect, colour(f))).reverse(),
    ...shown.map((f, i) => labelOf(labels[i] as Rect, textOf(f), colour(f))).reverse(),
  ];
  return (
    `<svg class="picture" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(describe(picture))}">` +
    `${parts.join("")}</svg>`
  );
}

/** A picture in words: for those who do not see it. */
export function describe({ image, cell, found }: Picture): string {
  const list = found.map(textOf).join(", ");
  const many = found.length === 1 ? "1 object" : `${found.length} objects`;
  return found.length === 0
    ? `${image}: ${cell.model} finds nothing with a score of ${OBJECT_SCORE} and more`
    : `${image}: ${cell.model} finds ${many}: ${list}`;
}

/** `person 0.98`. */
export function textOf(found: Found): string {
  return `${found.label} ${found.score.toFixed(2)}`;
}

function rectOf({ box }: Found, { width, height }: Ground): Rect {
  const [left, right] = [part(box.left) * width, part(box.right) * width];
  const [top, bottom] = [part(box.top) * height, part(box.bottom) * height];
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}

/** Models place edges a little outside of the image, too. */
function part(fraction: number): number {
  return Math.max(0, Math.min(1, fraction));
}

function boxOf(r: Rect, colour: string): string {
  const at = `x="${px(r.x)}" y="${px(r.y)}" width="${px(r.width)}" height="${px(r.height)}"`;
  return `<rect class="edge" ${at}/><rect class="box ${colour}" ${at}/>`;
}

function labelOf(r: Rect, text: string, colour: string): string {
  // The width is given, so that no font makes a text longer than its plate.
  const length = px(r.width - 2 * PADDING_PX);
  return (
    `<rect class="plate ${colour}" x="${px(r.x)}" y="${px(r.y)}" width="${px(r.width)}" height="${r.height}"/>` +
    `<text x="${px(r.x + PADDING_PX)}" y="${px(r.y + FONT_PX - 1)}" textLength="${length}" lengthAdjust="spacingAndGlyphs">` +
    `${escapeHtml(text)}</text>`
  );
}

const px = (value: number) => value.toFixed(1);

/** The one copy of a photograph in a page, for drawings to refer to. */
export function photographSymbol(id: string, { width, height, jpeg }: Photograph): string {
  return `<image id="${id}" width="${width}" height="${height}" href="data:image/jpeg;base64,${jpeg}"/>`;
}
