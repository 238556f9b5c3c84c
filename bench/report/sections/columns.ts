import type { Axis } from "../../matrix/axes.ts";
import type { RunManifest } from "../../records/manifest.ts";
import type { Levels } from "../../stats/effects/design.ts";
import type { TableColumn } from "../blocks.ts";
import { kindTitle } from "../charts/colours.ts";
import { modelTitle } from "./caveats.ts";

/*
 * Columns that say which cells a row is of: one for each axis that has something to say (`shownAxes`). "Client" is two things, a
 * machine and a program on it, so no title is the bare word.
 */

/** A column for each of these axes. */
export function axisColumns(axes: readonly Axis[]): TableColumn[] {
  return axes.map(({ key }) => ({ title: factorTitle(axes, key).replace(" (", "\n(") }));
}

/** A row's levels, for the columns of `axisColumns`; of a model also what its numbers do not say. */
export function axisCells(levels: Levels, axes: readonly Axis[], manifest: RunManifest): string[] {
  return axes.map(({ key }) => {
    const level = levelTitle(axes, key, levels[key] ?? "");
    return key === "model" ? modelTitle(manifest, level) : level;
  });
}

/** Some levels in one text: `client → edge, REST (rest)`. */
export function levelsText(levels: Levels, axes: readonly Axis[]): string {
  return axes.map(({ key }) => levelTitle(axes, key, levels[key] ?? "")).join(", ");
}

/** A level by the name that readers know; of a client kind with its protocol, `gRPC (probe)`. */
export function levelTitle(axes: readonly Axis[], key: string, level: string): string {
  if (key === "client") return kindTitle(level);
  return axes.find((axis) => axis.key === key)?.levelTitle(level) ?? level;
}

/** What readers call a factor. */
export function factorTitle(axes: readonly Axis[], key: string): string {
  return key === "client" ? "protocol (client program)" : (axes.find((axis) => axis.key === key)?.title ?? key);
}

/** Names of images in the order in which the run lists them; ones that it does not list stand last. */
export function imageOrder(images: readonly { readonly name: string }[]): (a: string, b: string) => number {
  const numbers = new Map(images.map(({ name }, i) => [name, i]));
  const numberOf = (image: string) => numbers.get(image) ?? images.length;
  return (a, b) => numberOf(a) - numberOf(b);
}
