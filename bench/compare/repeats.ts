import type { Cell } from "../matrix/cell.ts";
import { containersIn, type RunManifest } from "../records/manifest.ts";
import type { Estimate } from "../stats/math/estimate.ts";
import { type Study, nullModels } from "../stats/study.ts";
import { otherwiseCalled } from "./provenance.ts";

/** How much a machine's level differs from one run of a matrix to the next, beyond what each run shows of its noise. */
export interface Restart {
  /** Variance of a machine's log level in one run. */
  readonly variance: number;
  /** Machines in pairs of runs that it is known from. */
  readonly df: number;
}

/** What differs between runs of one set-up anyway, as runs that repeat each other show it; null: none do. */
export interface BetweenRuns {
  /** Where the same processes of servers answered in both. */
  readonly same: Restart | null;
  /** Where servers were started anew in between. */
  readonly restarted: Restart | null;
}

/**
 * What a restart is taken to change where no repeats show it: 10 % of a machine's level, one standard deviation. It is the most that
 * the simulations try (`npm run bench:truth`); with it at most one in twenty of their comparisons finds a change where there is none.
 */
export const ASSUMED_RESTART: Restart = { variance: Math.log(1.1) ** 2, df: Infinity };

/** Servers of both runs of which it is not known that one process answered in both: another was started, or nobody looked. */
export function restartedServers(a: Processes, b: Processes): string[] {
  const after = new Set(b.servers.map((s) => s.id));
  return a.servers.flatMap(({ id }) => {
    const seen = new Set([...processesOf(a, id), ...processesOf(b, id)]);
    return after.has(id) && (seen.size !== 1 || seen.has(undefined)) ? [id] : [];
  });
}

type Processes = Pick<RunManifest, "servers" | "readBack" | "sessions">;

/** What tells a server's process apart, each time that it was looked at in a run; undefined: it could not be seen. */
function processesOf({ readBack, sessions = [] }: Processes, server: string): (string | undefined)[] {
  return [readBack, ...sessions.map((s) => s.readBack)].map((all) => {
    const back = containersIn(all[server]);
    return back?.every(({ running }) => running) === true
      ? back.map(({ containerId, startedAt }) => `${containerId} ${startedAt}`).join(" ")
      : undefined;
  });
}

/**
 * What differs between runs of one set-up, from pairs of runs that repeat each other: the difference of each machine's mean
 * level, less what noise within the runs makes of it. A process that is started anew, other memory, another temperature: no run by
 * itself shows these.
 *
 * @param differ the log ratio of two runs over some cells, with its error by the noise within them
 */
export function betweenRuns(
  pairs: readonly (readonly [Study, Study])[],
  differ: (first: Study, second: Study, cells: readonly Cell[]) => Estimate,
): BetweenRuns {
  const seen = pairs.flatMap(([first, second]) => {
    const nulls = nullModels(first.manifest);
    const anew = new Set(restartedServers(first.manifest, second.manifest));
    const others = otherwiseCalled(first.manifest, second.manifest);
    const both = first.manifest.cells.filter(
      (c) => first.data.has(c.id) && second.data.has(c.id) && !nulls.has(c.model) && !others.has(c.id),
    );
    return [...Map.groupBy(both, (c) => `${c.serverMachine} ${anew.has(c.server)}`).values()].flatMap((cells) => {
      const { value, se, df } = differ(first, second, cells);
      const restarted = cells.some((c) => anew.has(c.server));
      return df > 0 && Number.isFinite(value) ? [{ restarted, beyond: value ** 2 - se ** 2 }] : [];
    });
  });
  const of = (own: readonly { readonly beyond: number }[]): Restart | null =>
    own.length === 0
      ? null
      : { variance: Math.max(0, own.reduce((sum, s) => sum + s.beyond, 0) / own.length) / 2, df: own.length };
  return { same: of(seen.filter((s) => !s.restarted)), restarted: of(seen.filter((s) => s.restarted)) };
}

/**
 * A log ratio of two runs with what differs between runs anyway, over cells of some machines.
 *
 * @param restarted servers that were started anew between the two
 */
export function withRestart(
  log: Estimate,
  cells: readonly Cell[],
  { same, restarted: anew }: BetweenRuns,
  restarted: ReadonlySet<string>,
): Estimate {
  if (!(log.df > 0)) return log;
  let [variance, below] = [log.se ** 2, log.se ** 4 / log.df];
  for (const { share, of } of sharesOf(cells, restarted)) {
    const known = of ? (anew ?? ASSUMED_RESTART) : same;
    if (known === null) continue;
    const more = 2 * known.variance * share;
    variance += more;
    below += more ** 2 / known.df;
  }
  return { value: log.value, se: Math.sqrt(variance), df: below === 0 ? log.df : variance ** 2 / below };
}

/** How much of a mean over cells is of each machine, squared and summed up: of what was restarted, and of what was not. */
function sharesOf(cells: readonly Cell[], restarted: ReadonlySet<string>) {
  const machines = [...Map.groupBy(cells, (c) => c.serverMachine).values()];
  return [true, false].map((of) => {
    const own = machines.map((all) => all.filter((c) => restarted.has(c.server) === of).length / cells.length);
    return { of, share: own.reduce((sum, s) => sum + s ** 2, 0) };
  });
}
