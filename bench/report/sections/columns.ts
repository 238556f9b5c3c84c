import type { Cell } from "../../matrix/cell.ts";
import { loadOf } from "../../stats/study.ts";
import type { TableColumn } from "../blocks.ts";

/*
 * "Client" is two things, a machine and a program on it: columns that tell cells apart never use the bare word.
 */

/** The machine that calls, and the one that answers. */
export const FROM_TO: TableColumn = { title: "from → to" };

/** What speaks the protocol: cells by `kindTitle`. */
export const PROTOCOL: TableColumn = { title: "protocol\n(client program)" };

/** What readers call the factors that latency depends on. */
export const FACTOR_TITLES: Readonly<Record<string, string>> = {
  client: "protocol (client program)",
  place: "from → to",
};

/** A cell's load in words: `x4`, `10/s`; the paper's way where there is none. */
export function loadTitle(cell: Cell): string {
  return loadOf(cell).trim() || "one by one";
}

/** Names of images in the order in which the run lists them; ones that it does not list stand last. */
export function imageOrder(images: readonly { readonly name: string }[]): (a: string, b: string) => number {
  const places = new Map(images.map(({ name }, i) => [name, i]));
  const place = (image: string) => places.get(image) ?? images.length;
  return (a, b) => place(a) - place(b);
}
