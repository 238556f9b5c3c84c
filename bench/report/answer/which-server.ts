import { clientKinds } from "../../../clients/registry.ts";
import type { Server } from "../../../infra/outputs.ts";
import { when } from "../../format/when.ts";
import { type Cell, isPlain } from "../../matrix/cell.ts";
import { ratioOfContrast } from "../../stats/effects/contrast.ts";
import { factorLevels } from "../../stats/levels.ts";
import type { RatioEstimate } from "../../stats/math/estimate.ts";
import { once } from "../../stats/math/memo.ts";
import { carries, quantile } from "../../stats/math/quantile.ts";
import { fitStudy, nullModels, togetherKey } from "../../stats/study.ts";
import type { ReportInputs } from "../section.ts";

/** A server by one client kind, with one model. */
export interface Way {
  readonly serverKind: string;
  readonly server: string;
  readonly client: string;
  /** Geometric mean of the images' medians, ms, and times as long as by the way of reference (null: it is that one, or not comparable). */
  readonly ms: RatioEstimate | null;
  readonly over: RatioEstimate | null;
  readonly isReference: boolean;
  /** Times as long as the same server's fastest way (null: it is that one, or not comparable). */
  readonly overFastest: RatioEstimate | null;
  /** Times as long as the first server of this kind on the machine, by the same client kind (null: it is that one, or not comparable). */
  readonly overFirst: RatioEstimate | null;
  /** Processor seconds of the server for an answer, one call at a time; null: its machine does not say. */
  readonly cpuSeconds: number | null;
  /** With so many calls at a time. */
  readonly loads: readonly AtLoad[];
}

/** Several calls at a time. */
export interface AtLoad {
  readonly concurrency: number;
  readonly perSecond: number | null;
  readonly p95Ms: number | null;
}

/** One model on the servers of one placement. */
export interface ServersFinding {
  readonly placement: string;
  readonly model: string;
  readonly ways: readonly Way[];
}

/** What a server costs beside time. */
export interface ServerCost {
  readonly server: string;
  readonly serverKind: string;
  readonly machine: string;
  readonly restBytes: number | null;
  readonly peakBytes: number | null;
  readonly imageBytes: number | null;
  readonly readySeconds: number | null;
  /** What a reader must know of it: a stand-in, what its image says, a setting of precision. */
  readonly notes: readonly string[];
}

/** Each model on the servers of each placement that has several; empty: there is nothing to choose. */
export const serversFindings = once((inputs: ReportInputs): readonly ServersFinding[] => {
  const { axes, cells } = inputs;
  const byPlacement = Map.groupBy(cells, (c) => factorLevels(c, axes)["placement"] ?? "");
  return [...byPlacement].flatMap(([placement, placed]) =>
    new Set(placed.map((c) => c.server)).size < 2
      ? []
      : [...Map.groupBy(placed, (c) => c.model)].map(([model, own]) => ({
          placement,
          model,
          ways: waysOf(own, inputs),
        })),
  );
});

/** Those of models that compute; all where none does. */
export function computing(found: readonly ServersFinding[], { manifest }: Pick<ReportInputs, "manifest">) {
  const nulls = nullModels(manifest);
  const own = found.filter((f) => !nulls.has(f.model));
  return own.length > 0 ? own : found;
}

/** Each server by the client kind that is fastest on it, fastest first; those of which nothing was measured are left out. */
export function fastestWays({ ways }: Pick<ServersFinding, "ways">): readonly Way[] {
  const byMs = ways.filter((w) => w.ms !== null).toSorted((a, b) => (a.ms?.ratio ?? NaN) - (b.ms?.ratio ?? NaN));
  return [...Map.groupBy(byMs, (w) => w.server).values()].flatMap((own) => own.slice(0, 1));
}

const TOGETHER = ["server_kind", "client"];

type Group = readonly [Cell, ...Cell[]];

/** The reference first, then those that were measured, fastest first. */
function waysOf(cells: readonly Cell[], inputs: ReportInputs): readonly Way[] {
  const groups = [...Map.groupBy(cells, (c) => JSON.stringify([c.server, c.client])).values()] as unknown as Group[];
  const { study, manifest, axes } = inputs;
  const kindOf = (c: Cell) => manifest.servers.find((s) => s.id === c.server)?.kind;
  // The server kind that the first API is named after, by that API's first client kind; else what was planned first.
  const [first] = clientKinds;
  const reference = groups.find(([c]) => c.client === first?.name && kindOf(c) === first.api) ?? groups[0];
  const ids = new Set(cells.filter(isPlain).map((c) => c.id));
  const fit = study && fitStudy(study, (c) => ids.has(c.id), TOGETHER)?.fit;
  const at = ([c]: Group) => ({ [togetherKey(TOGETHER, axes)]: `${c.serverKind ?? c.server}, ${c.client}` });
  const known = (group: Group) => group.some((c) => isPlain(c) && (inputs.summaries.get(c.id)?.n ?? 0) > 0);
  const level = new Map(
    groups.map((g) => [g, fit === undefined || !known(g) ? null : ratioOfContrast(fit.level(at(g)))]),
  );
  const msOf = (group: Group) => level.get(group)?.ratio ?? Infinity;
  const times = (group: Group, than: Group | undefined) =>
    fit === undefined || than === undefined || than === group || !known(group) || !known(than)
      ? null
      : ratioOfContrast(fit.contrast(at(group), at(than)));
  const slowestFirst = groups.toSorted((a, b) => order(msOf(b), msOf(a)));
  const fastest = new Map(slowestFirst.map((group) => [group[0].server, group]));
  const ways = groups.map((group): Way => {
    const [cell] = group;
    const alike = groups.find(([c]) => c.client === cell.client && kindOf(c) === kindOf(cell));
    return {
      ...{ serverKind: cell.serverKind ?? cell.server, server: cell.server, client: cell.client },
      ...{ ms: level.get(group) ?? null, over: times(group, reference), isReference: group === reference },
      ...{ overFastest: times(group, fastest.get(cell.server)), overFirst: times(group, alike) },
      cpuSeconds: cpuSeconds(group.filter(isPlain), inputs),
      loads: loadsOf(group, inputs),
    };
  });
  const rank = (w: Way) => (w.isReference ? -1 : (w.ms?.ratio ?? Infinity));
  return ways.toSorted((a, b) => order(rank(a), rank(b)));
}

const order = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);

function cpuSeconds(cells: readonly Cell[], { conditions }: ReportInputs): number | null {
  const used = cells.flatMap((c) => conditions?.get(c.id)?.use ?? []);
  const answers = used.reduce((sum, u) => sum + u.answers, 0);
  return answers === 0 ? null : used.reduce((sum, u) => sum + u.cpuMs, 0) / answers / 1000;
}

/** Closed loops alone: at a rate, the rate is the load's own. */
function loadsOf(cells: readonly Cell[], { study }: ReportInputs): readonly AtLoad[] {
  const looped = cells.filter(
    (c) => typeof c.load["concurrency"] === "number" && c.load["ratePerSecond"] === undefined,
  );
  const byLoad = Map.groupBy(looped, (c) => c.load["concurrency"] as number);
  return [...byLoad]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([concurrency, own]): AtLoad[] => {
      const data = own.flatMap((c) => study?.data.get(c.id) ?? []);
      const calls = Float64Array.from(data.flatMap((d) => [...d.totalsMs])).sort();
      const timed = data.flatMap((d) => d.visits).filter((v) => (v.spanMs ?? 0) > 0);
      const spanMs = timed.reduce((sum, v) => sum + (v.spanMs ?? 0), 0);
      if (calls.length === 0) return [];
      return [
        {
          concurrency,
          perSecond: spanMs === 0 ? null : (1000 * timed.reduce((sum, v) => sum + v.n, 0)) / spanMs,
          p95Ms: carries(calls.length, 0.95) ? quantile(calls, 0.95) : null,
        },
      ];
    });
}

/** Processor seconds for people. */
export const secondsText = (s: number): string => (s >= 1 ? s.toFixed(2) : s >= 0.01 ? s.toFixed(3) : s.toPrecision(2));

/** What each server of a machine that has several costs, in the run's order. */
export function serverCosts(inputs: ReportInputs): readonly ServerCost[] {
  const { manifest, cells, conditions } = inputs;
  return manifest.servers
    .filter((s) => manifest.servers.some((o) => o !== s && o.machineId === s.machineId))
    .map((server) => {
      const own = cells.filter((c) => c.server === server.id);
      const used = own.flatMap((c) => conditions?.get(c.id)?.use ?? []);
      const rest = used.flatMap((u) => u.restBytes ?? []);
      const peak = used.flatMap((u) => u.peakBytes ?? []);
      return {
        ...{ server: server.id, serverKind: own[0]?.serverKind ?? server.kind, machine: server.machineId },
        restBytes: rest.length === 0 ? null : Math.min(...rest),
        peakBytes: peak.length === 0 ? null : Math.max(...peak),
        imageBytes: server.imageBytes ?? null,
        readySeconds: server.readySeconds ?? null,
        notes: [
          ...when(server.standIn, "stand-in"),
          ...when(server.note !== undefined, server.note ?? ""),
          ...toldSettings(server, inputs).map(([key, value]) => `${key} ${value}`),
        ],
      };
    });
}

/**
 * The settings that a reader must know: those of precision, by whose value a server computes other numbers, and those in which servers of
 * one kind on one machine differ.
 */
export function toldSettings(
  server: Server,
  { manifest }: Pick<ReportInputs, "manifest">,
): [key: string, value: string][] {
  const { machineId, kind, settings } = server;
  const alike = manifest.servers.filter((s) => s.machineId === machineId && s.kind === kind);
  const told = (key: string) => /precision/i.test(key) || alike.some((s) => s.settings[key] !== settings[key]);
  return Object.entries(settings).filter(([key]) => told(key));
}
