import { clientKinds } from "../../clients/registry.ts";
import type { ClientKind } from "../../clients/client.ts";
import type { Machine, Server } from "../../infra/outputs.ts";
import { loadsOf } from "../loads/registry.ts";
import { AXES, type Axis } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import { type MatrixSpec, benchPlan, isOffered } from "../matrix/cells.ts";
import { type Experiment, levelsOf } from "../matrix/experiments/schema.ts";
import { CellLimits, type Limits, limitsFor } from "../matrix/limits.ts";
import { isCalled, placements } from "./placements.ts";
import { type WantedClients, wantedClients } from "./wanted-clients.ts";

export interface Available {
  readonly machines: readonly Machine[];
  readonly servers: readonly Server[];
  /** Names of all photographs: `image-1` and so on. */
  readonly images: readonly string[];
  /** Absent: all that there are. */
  readonly clientKinds?: readonly ClientKind[];
}

/** What the command line chose, of an experiment's own names where it has any. Its limits go before an experiment's. */
export interface Choice {
  readonly experiments: readonly string[] | undefined;
  readonly models: readonly string[] | undefined;
  readonly images: readonly string[] | undefined;
  readonly clientKinds: readonly string[] | undefined;
  readonly placements: readonly ("local" | "remote")[];
  readonly limits: CellLimits;
  /** Plan cells of models that a server does not have too, to fail where that can be seen; else they are left out. */
  readonly allowMissing?: boolean;
}

export interface Matrix {
  readonly cells: readonly Cell[];
  /** What an experiment asks for and nothing deployed has: left out, and said. */
  readonly notes: readonly string[];
}

/** The cells that experiments ask for, on what is deployed. One of several experiments has the stricter limits. */
export function expand(
  experiments: readonly Experiment[],
  available: Available,
  choice: Choice,
  run: Limits,
  axes: readonly Axis[] = AXES,
): Matrix {
  const notes = new Set<string>();
  const cells = new Map<string, { cell: Cell; limits: Limits }>();
  for (const experiment of experiments) {
    if (choice.experiments?.includes(experiment.name) === false) continue;
    const { precision, limits: own } = experiment;
    const limits = limitsFor(run, { ...own, ...(precision !== undefined && { precision }), ...choice.limits });
    const note = (text: string) => notes.add(text);
    for (const cell of benchPlan(specOf(experiment, available, choice, axes, note), axes)) {
      const known = cells.get(cell.id);
      cells.set(cell.id, {
        cell: { ...cell, experiments: [...(known?.cell.experiments ?? []), experiment.name] },
        limits: known === undefined ? limits : stricter(known.limits, limits),
      });
    }
  }
  return { notes: [...notes], cells: [...cells.values()].map(({ cell, limits }) => withLimits(cell, limits, run)) };
}

type Note = (text: string) => void;

function specOf(e: Experiment, available: Available, choice: Choice, axes: readonly Axis[], note: Note): MatrixSpec {
  const { machines, servers, clientKinds: kinds = clientKinds } = available;
  const missing = [e.clientMachines, e.serverMachines]
    .flatMap((names) => (Array.isArray(names) ? names : []))
    .filter((name) => !machines.some((m) => m.id === name));
  for (const name of new Set(missing)) note(`experiment ${e.name}: no machine "${name}" is deployed: left out`);
  for (const name of new Set(e.servers ?? []))
    if (!servers.some((s) => isCalled(s, name)))
      note(`experiment ${e.name}: no server "${name}" is deployed: left out`);
  const placed = placements(e, machines, servers).filter((p) =>
    choice.placements.includes(p.local ? "local" : "remote"),
  );
  const asked = [...new Set(placed.map((p) => p.server))];
  const clients = wantedClients(e, choice.clientKinds, kinds);
  noteNotOffered(asked, clients, note);
  const ownImages = e.images?.map((id) => `image-${id}`);
  for (const name of ownImages ?? [])
    if (!available.images.includes(name)) note(`experiment ${e.name}: there is no ${name}: left out`);
  const images = narrowed(ownImages, choice.images);
  return {
    placements: placed,
    servers,
    clients: clients.kinds,
    models: modelsByServer(e, asked, choice, note),
    images: available.images.filter((name) => images?.includes(name) ?? true),
    loads: loadsOf(e),
    links: e.links,
    levels: levelCombinations(e, axes),
  };
}

/** An experiment's own names as far as the command line chose them too; what it chose where there are none. */
function narrowed(own: readonly string[] | undefined, chosen: readonly string[] | undefined) {
  return own === undefined ? chosen : own.filter((name) => chosen?.includes(name) ?? true);
}

/** The models to ask each server for; says which it does not have. */
function modelsByServer(
  e: Experiment,
  servers: readonly Server[],
  { models: chosen, allowMissing }: Choice,
  note: Note,
) {
  const models = narrowed(e.models, chosen);
  const has = (server: Server, model: string) => server.models.some((m) => m.name === model);
  for (const model of models ?? []) {
    const without = servers.filter((server) => !has(server, model)).map((server) => server.id);
    if (without.length === 0) continue;
    const where = without.length === servers.length ? "no server has" : `${without.join(", ")}: without`;
    const then = allowMissing === true ? "its cells are planned and will fail" : "left out";
    note(`experiment ${e.name}: ${where} the model "${model}": ${then}`);
  }
  const modelsOf = (server: Server) =>
    models === undefined
      ? server.models.map((m) => m.name)
      : models.filter((model) => allowMissing === true || has(server, model));
  return new Map(servers.map((server) => [server.id, modelsOf(server)]));
}

/**
 * Says which servers wanted client kinds cannot call, in one note for all servers that lack the same. Of kinds that stand for a protocol, one is enough, and those whose API no server
 * speaks are not named where others are.
 */
function noteNotOffered(servers: readonly Server[], { kinds, named }: WantedClients, note: Note): void {
  const alike = [...Map.groupBy(kinds, (kind) => (named ? kind.name : kind.protocol)).values()];
  const isSpoken = ({ api }: ClientKind) => servers.some(({ endpoints }) => endpoints.some((e) => e.api === api));
  const lackedBy = (server: Server) =>
    alike
      .filter((group) => !group.some((kind) => isOffered(kind, server)))
      .flatMap((group) => (group.some(isSpoken) ? group.filter(isSpoken) : group))
      .map((kind) => kind.name);
  for (const [lacked, alikeServers] of Map.groupBy(servers, (server) => lackedBy(server).join(", "))) {
    if (lacked === "") continue;
    const who = `${alikeServers.map(({ id }) => id).join(", ")} ${alikeServers.length === 1 ? "has" : "have"}`;
    note(`${who} no endpoint for the client kind${lacked.includes(",") ? "s" : ""} ${lacked}: left out`);
  }
}

function levelCombinations(e: Experiment, axes: readonly Axis[]): Record<string, string>[] {
  let combinations: Record<string, string>[] = [{}];
  for (const axis of axes) {
    const { plan } = axis;
    if (plan === undefined) continue;
    const levels = levelsOf(e, axis, plan.otherwise);
    combinations = combinations.flatMap((c) => levels.map((level) => ({ ...c, [axis.key]: level })));
  }
  return combinations;
}

/** Limits that satisfy both. No precision at all is stricter than any: the cell has all its calls. */
function stricter(a: Limits, b: Limits): Limits {
  const keys = ["requests", "minRequests", "blockRequests", "blockMs", "warmupRequests", "timeoutMs"] as const;
  const most = Object.fromEntries(keys.map((key) => [key, Math.max(a[key], b[key])]));
  const precision = a.precision === null || b.precision === null ? null : Math.min(a.precision, b.precision);
  return { ...a, ...most, precision };
}

function withLimits(cell: Cell, limits: Limits, run: Limits): Cell {
  const own = (Object.keys(CellLimits.shape) as (keyof CellLimits)[]).filter((key) => limits[key] !== run[key]);
  return own.length === 0 ? cell : { ...cell, limits: Object.fromEntries(own.map((key) => [key, limits[key]])) };
}
