/** A rectangle in pixels of the drawing. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Where the labels of boxes go: at a corner of their box, above, below or inside, always within the drawing, and where one
 * covers as little of the labels before it as can be. Labels that come first get the better position. Pure.
 *
 * @param boxes  with the size of each one's label
 * @returns the labels' rectangles, in the same order
 */
export function placeLabels(
  boxes: readonly { readonly box: Rect; readonly width: number; readonly height: number }[],
  drawing: { readonly width: number; readonly height: number },
): Rect[] {
  const placed: Rect[] = [];
  for (const { box, width, height } of boxes) {
    let best: Rect | undefined;
    let bestCover = Infinity;
    for (const at of candidates(box, width, height)) {
      const rect = {
        ...{ width, height },
        x: clamp(at.x, 0, drawing.width - width),
        y: clamp(at.y, 0, drawing.height - height),
      };
      const cover = placed.reduce((sum, other) => sum + overlap(rect, other), 0);
      if (cover < bestCover) [best, bestCover] = [rect, cover];
      if (cover === 0) break;
    }
    placed.push(best ?? { x: 0, y: 0, width, height });
  }
  return placed;
}

function* candidates(box: Rect, width: number, height: number): Generator<{ x: number; y: number }> {
  const [right, bottom] = [box.x + box.width - width, box.y + box.height];
  for (const x of [box.x, right]) {
    yield { x, y: box.y - height };
    yield { x, y: box.y };
    yield { x, y: bottom - height };
    yield { x, y: bottom };
  }
  // Inside, line by line: many boxes in one corner.
  for (let y = box.y + height; y < bottom - height; y += height) for (const x of [box.x, right]) yield { x, y };
}

/** The area that two rectangles share. */
export function overlap(a: Rect, b: Rect): number {
  const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const high = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, wide) * Math.max(0, high);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, Math.max(low, high)));
}
