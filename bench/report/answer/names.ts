import { clientKinds, protocolTitle } from "../../../clients/registry.ts";
import type { Axis } from "../../matrix/axes.ts";
import type { Cell } from "../../matrix/cell.ts";
import type { Levels } from "../../stats/effects/design.ts";
import { shownAxes } from "../../stats/levels.ts";
import type { Study } from "../../stats/study.ts";
import { kindTitle } from "../charts/colours.ts";
import type { Untold } from "../../stats/load/untold.ts";
import type { ReportInputs } from "../section.ts";
import { levelTitle } from "../sections/columns.ts";
import type { Pooled } from "./types.ts";

/** What stands in place of latencies that are not told. */
export const UNTOLD_WORDS: Readonly<Record<Untold["kind"], string>> = {
  invalid: "invalid",
  behind: "fell behind",
  load: "no percentile",
};

/** What stands in place of the quantiles of a load that has none of them; undefined: it has. */
export function noQuantiles({ p50Ms, p95Ms, p99Ms, untold, behind }: Pooled): string | undefined {
  if ([p50Ms, p95Ms, p99Ms].some((ms) => ms !== null)) return undefined;
  return untold !== undefined ? UNTOLD_WORDS[untold.kind] : behind ? UNTOLD_WORDS.behind : "too few calls";
}

/** What a run's client kinds are called: `gRPC`, and `gRPC (probe)` where the run has two kinds of that protocol. */
export function protocolNames(kinds: readonly string[]): (kind: string) => string {
  const protocolOf = (kind: string) => clientKinds.find((k) => k.name === kind)?.protocol;
  return (kind) => {
    const protocol = protocolOf(kind);
    const alone = kinds.filter((k) => protocolOf(k) === protocol).length < 2;
    return protocol !== undefined && alone ? protocolTitle(protocol) : kindTitle(kind);
  };
}

/** An option of a choice in words, its parts joined by a plus: `cloud + gRPC`. Of a placement the server alone. */
export function optionName(at: Levels, { axes, manifest }: Pick<Study, "axes" | "manifest">): string {
  return optionParts(at, axes, manifest.clients).join(" + ");
}

export function optionParts(at: Levels, axes: readonly Axis[], kinds: readonly string[]): string[] {
  return Object.entries(at).map(([key, level]) => {
    if (key === "placement") return level.split(" → ").at(-1) ?? level;
    return key === "client" ? protocolNames(kinds)(level) : levelTitle(axes, key, level);
  });
}

/** Where a cell's calls go, in words: `client → cloud`; the server and its level on other axes follow where they say something. */
export function placeText(cell: Cell, { cells, axes }: Pick<ReportInputs, "cells" | "axes">): string {
  const shown = shownAxes(cells, axes, ["protocol", "client", "model", "image"]);
  // The id of one of several servers begins with its machine's.
  if (cell.server.startsWith(`${cell.serverMachine}/`))
    return [
      `${cell.clientMachine} → ${cell.server}`,
      ...shown
        .filter((axis) => !["placement", "server"].includes(axis.key) && (axis.idPart?.(cell) ?? "") !== "")
        .map((axis) => axis.levelTitle(axis.of(cell))),
    ].join(", ");
  return shown
    .filter((axis) => axis.key === "placement" || (axis.idPart?.(cell) ?? "") !== "")
    .map((axis) => axis.levelTitle(axis.of(cell)))
    .join(", ");
}

/** A clause as a sentence. Names keep their first letter: a clause never begins with one. */
export function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}

/** `a, b or c`. */
export function or(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** Bytes for people: `0.92 MB`, `12 kB`. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e5) return `${(bytes / 1e6).toFixed(bytes >= 1e7 ? 0 : 2)} MB`;
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(0)} kB` : `${bytes.toFixed(0)} bytes`;
}
