import type { Cell } from "../matrix/cell.ts";
import type { ClientKind } from "../../clients/client.ts";
import { CellLimits, type Limits, limitsFor } from "../matrix/limits.ts";
import { type MatrixSpec, type Placement, benchPlan } from "../matrix/cells.ts";
import { ENCODINGS, type Experiment } from "../matrix/experiments/schema.ts";

/** What there is to measure. */
export interface Deployed {
  /** Names of the models on each role. */
  readonly modelsByRole: Readonly<Record<string, readonly string[]>>;
  /** Names of all photographs: `image-1` and so on. */
  readonly images: readonly string[];
  readonly clientKinds: readonly Pick<ClientKind, "name" | "protocol" | "input">[];
}

/**
 * What the command line chose: where an experiment says nothing (or `all`), it is the choice; where the experiment has
 * names of its own, those that were chosen too remain. Limits given there go before an experiment's.
 */
export interface Choice {
  readonly experiments: readonly string[] | undefined;
  readonly models: readonly string[] | undefined;
  readonly images: readonly string[] | undefined;
  readonly clientKinds: readonly string[] | undefined;
  readonly places: readonly ("local" | "remote")[];
  readonly limits: CellLimits;
  /** Plan cells of models that a server does not have too, to fail where that can be seen; else they are left out. */
  readonly allowMissing?: boolean;
}

/** The cells of some experiments. */
export interface Matrix {
  readonly cells: readonly Cell[];
  /** What an experiment asks for and nothing deployed has: left out, and said. */
  readonly notes: readonly string[];
}

/** Client kinds that speak gRPC and REST where an experiment names none. */
const DEFAULT_KINDS = ["probe", "rest"];

/**
 * The cells that experiments ask for, on what is deployed. A cell of several experiments is one cell, with the stricter
 * of their limits.
 *
 * @param run the run's limits, which each cell's own ones differ from
 */
export function expand(experiments: readonly Experiment[], deployed: Deployed, choice: Choice, run: Limits): Matrix {
  const notes: string[] = [];
  const cells = new Map<string, { cell: Cell; limits: Limits }>();
  for (const experiment of experiments) {
    if (choice.experiments?.includes(experiment.name) === false) continue;
    const limits = limitsFor(run, { ...ownLimits(experiment), ...choice.limits });
    for (const cell of benchPlan(specOf(experiment, deployed, choice, notes))) {
      const known = cells.get(cell.id);
      cells.set(cell.id, {
        cell: { ...cell, experiments: [...(known?.cell.experiments ?? []), experiment.name] },
        limits: known === undefined ? limits : stricter(known.limits, limits),
      });
    }
  }
  return { notes, cells: [...cells.values()].map(({ cell, limits }) => withLimits(cell, limits, run)) };
}

function specOf(e: Experiment, deployed: Deployed, choice: Choice, notes: string[]): MatrixSpec {
  const narrowed = (own: readonly string[] | undefined, chosen: readonly string[] | undefined) =>
    own === undefined ? chosen : own.filter((name) => chosen?.includes(name) ?? true);
  const models = narrowed(e.models, choice.models);
  const kinds = narrowed(kindsOf(e), choice.clientKinds) ?? DEFAULT_KINDS;
  const images = narrowed(
    e.images?.map((id) => `image-${id}`),
    choice.images,
  );
  const roles = Object.keys(deployed.modelsByRole);
  const missing = [e.clientMachines, e.serverMachines]
    .flatMap((machines) => (Array.isArray(machines) ? machines : []))
    .filter((role) => !roles.includes(role));
  for (const role of new Set(missing)) notes.push(`experiment ${e.name}: no machine "${role}" is deployed: left out`);
  const pairs = placements(e, roles).filter((p) =>
    choice.places.includes(p.clientRole === p.serverRole ? "local" : "remote"),
  );
  const modelsOf = (role: string) => {
    const there = deployed.modelsByRole[role] ?? [];
    return models === undefined
      ? there
      : choice.allowMissing === true
        ? models
        : models.filter((m) => there.includes(m));
  };
  const servers = [...new Set(pairs.map((p) => p.serverRole))];
  for (const model of models ?? []) {
    const without = servers.filter((role) => deployed.modelsByRole[role]?.includes(model) !== true);
    if (without.length === 0) continue;
    const where = without.length === servers.length ? "no machine has" : `${without.join(", ")}: without`;
    const then = choice.allowMissing === true ? "its cells are planned and will fail" : "left out";
    notes.push(`experiment ${e.name}: ${where} the model "${model}": ${then}`);
  }
  return {
    placements: pairs,
    clientKinds: deployed.clientKinds.filter((k) => kinds.includes(k.name)),
    modelsByRole: Object.fromEntries(servers.map((role) => [role, modelsOf(role)])),
    images: deployed.images.filter((name) => images?.includes(name) ?? true),
    loads: (e.concurrency ?? [1]).flatMap((concurrency) =>
      (e.ratePerSecond ?? [null]).map((ratePerSecond) => ({ concurrency, ratePerSecond })),
    ),
  };
}

/** Which machine calls which, on the roles that are deployed. */
export function placements(
  { clientMachines = ["client"], serverMachines }: Pick<Experiment, "clientMachines" | "serverMachines">,
  roles: readonly string[],
): Placement[] {
  const servers = Array.isArray(serverMachines) ? roles.filter((r) => serverMachines.includes(r)) : roles;
  if (clientMachines === "same") return servers.map((role) => ({ clientRole: role, serverRole: role }));
  const others = serverMachines === undefined || serverMachines === "others";
  return roles
    .filter((role) => clientMachines.includes(role))
    .flatMap((clientRole) =>
      servers.filter((r) => !others || r !== clientRole).map((serverRole) => ({ clientRole, serverRole })),
    );
}

/** The client kinds that an experiment names, itself or by protocols and encodings; undefined where it names none. */
function kindsOf({ clientKinds, protocols, encodings }: Experiment): readonly string[] | undefined {
  if (clientKinds !== undefined) return clientKinds;
  if (protocols === undefined && encodings === undefined) return undefined;
  return (protocols ?? (["grpc", "rest"] as const)).flatMap((protocol) =>
    protocol === "grpc" ? ["probe"] : (encodings ?? (["lists"] as const)).map((encoding) => ENCODINGS[encoding]),
  );
}

function ownLimits({ precision, limits }: Experiment): CellLimits {
  return { ...limits, ...(precision === undefined ? {} : { precision }) };
}

/** Limits that satisfy both. No precision at all is stricter than any: the cell has all its calls. */
function stricter(a: Limits, b: Limits): Limits {
  const most = (key: Exclude<keyof Limits, "precision" | "budgetMs">) => Math.max(a[key], b[key]);
  return {
    requests: most("requests"),
    minRequests: most("minRequests"),
    precision: a.precision === null || b.precision === null ? null : Math.min(a.precision, b.precision),
    blockRequests: most("blockRequests"),
    blockMs: most("blockMs"),
    warmupRequests: most("warmupRequests"),
    timeoutMs: most("timeoutMs"),
    budgetMs: a.budgetMs,
  };
}

function withLimits(cell: Cell, limits: Limits, run: Limits): Cell {
  const own = (Object.keys(CellLimits.shape) as (keyof CellLimits)[]).filter((key) => limits[key] !== run[key]);
  return own.length === 0 ? cell : { ...cell, limits: Object.fromEntries(own.map((key) => [key, limits[key]])) };
}
