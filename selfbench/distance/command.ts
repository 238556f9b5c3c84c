import { join } from "node:path";
import { LIMITS } from "../../bench/stats/floor/call.ts";
import { median } from "../../bench/stats/math/quantile.ts";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { formatSeconds, progress } from "../../lib/progress.ts";
import { LineProgram } from "../clients/line-program.ts";
import { DISTANCE } from "../options.ts";
import { type Bed, type End, makeBed } from "./bed.ts";
import {
  type DistanceCell,
  GRID,
  type Measured,
  PLANTED,
  type Port,
  type Service,
  errorsOf,
  judged,
  shapeOf,
} from "./cells.ts";
import { type Named, namedRight } from "./planted.ts";
import type { Ask, Told } from "./talk.ts";
import { distanceText } from "./text.ts";

/** The goals: the model's median error, and the share of planted limits that are named right. */
const GOALS = { error: 0.1, named: 0.95 };

/** How long nothing is sent before a call on an idle connection: several timeouts of the longest link. */
const IDLE_MS = 2500;
const WARMUPS = 3;
const NOTHING: Service = { serviceMs: NaN, sendMs: 0 };

/** The client kind that calls a port. */
const kindOf = (port: Port) => (port.startsWith("grpc") ? "probe" : "rest");

/** `lathe selfbench distance`. */
export async function benchDistance({ calls, rtts, cases, seed, name, check, json }: Values<typeof DISTANCE>) {
  const steps = progress();
  const simulated = namedRight(cases, seed);
  const wanted = [...GRID, ...PLANTED].filter((c) => rtts === undefined || rtts.includes(c.rttMs));
  const startedAt = Date.now();
  const cells = await withBed(name, async (bed, near, ports) => {
    const told = async (cell: Pick<DistanceCell, "port" | "state">) => {
      const ask: Ask = {
        client: kindOf(cell.port),
        port: ports[cell.port],
        state: cell.state,
        calls,
        warmups: WARMUPS,
        idleMs: IDLE_MS,
      };
      return ((await near.ask(ask)) as Told).calls;
    };
    const measured: Measured[] = [];
    for (const own of Map.groupBy(wanted, (c) => JSON.stringify(shapeOf(c))).values()) {
      const [first] = own as [DistanceCell, ...DistanceCell[]];
      steps.step(`${first.rttMs} ms, ${first.mbit} Mbit/s, ${100 * first.loss} % lost`, 40);
      // Anew for each link: a machine that has other things to do is not as fast at all times.
      await bed.setLink(null);
      const service = new Map<Port, Service>();
      for (const port of new Set(own.map((c) => c.port))) {
        const made = await told({ port, state: "warm" });
        service.set(port, { serviceMs: median(made.map((c) => c.ms)), sendMs: median(made.map((c) => c.sendMs)) });
      }
      await bed.setLink(shapeOf(first));
      for (const cell of own) measured.push(judged(cell, await told(cell), service.get(cell.port) ?? NOTHING, IDLE_MS));
      steps.done();
    }
    return measured;
  });
  const grid = cells.filter((c) => c.planted === undefined);
  const planted = plantedOf(cells);
  const took = formatSeconds((Date.now() - startedAt) / 1000);
  const met = {
    error: grid.length === 0 || errorsOf(grid).median <= GOALS.error,
    simulated: shareOf(simulated) >= GOALS.named,
    planted: planted.length === 0 || shareOf(planted) >= GOALS.named,
  };
  printResult(DISTANCE.json, json, distanceText({ grid, planted, simulated, goals: GOALS, met, took }), {
    ...{ calls, seed, cells, planted, simulated, goals: GOALS, met },
    error: grid.length === 0 ? null : errorsOf(grid),
  });
  return check === true && !(met.error && met.simulated && met.planted) ? 1 : 0;
}

/** Runs something with two ends, a server at the far one and a client at the near one; all of it is gone afterwards. */
async function withBed<T>(
  name: string,
  body: (bed: Bed, near: LineProgram, ports: Readonly<Record<Port, number>>) => Promise<T>,
): Promise<T> {
  const bed = await makeBed(name, progress());
  const started: LineProgram[] = [];
  const start = (end: End, file: string, ...args: readonly string[]) => {
    const [command = "", ...before] = bed.at(end);
    const program = new LineProgram(file, command, [
      ...before,
      process.execPath,
      join(import.meta.dirname, file),
      ...args,
    ]);
    started.push(program);
    return program;
  };
  try {
    const ports = (await start("far", "server.ts").next()) as Record<Port, number>;
    const near = start("near", "client.ts", bed.address);
    await near.next();
    return await body(bed, near, ports);
  } finally {
    for (const program of started) await program.stop();
    await bed.remove();
  }
}

/** How often each planted limit of real cells was named. Pure. */
export function plantedOf(cells: readonly Measured[]): Named[] {
  return LIMITS.flatMap((limit) => {
    const own = cells.filter((c) => c.planted === limit);
    const right = own.filter((c) => c.bound.limit === limit).length;
    return own.length === 0 ? [] : [{ limit, cases: own.length, right }];
  });
}

/** Share of cases that were named right. */
export function shareOf(named: readonly Named[]): number {
  const sum = (of: (n: Named) => number) => named.reduce((total, n) => total + of(n), 0);
  return sum((n) => n.right) / sum((n) => n.cases);
}
