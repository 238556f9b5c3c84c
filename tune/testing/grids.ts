import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import { mean } from "../../bench/stats/math/quantile.ts";
import { random, seedOf } from "../../bench/stats/math/random.ts";
import { once } from "../../bench/stats/math/memo.ts";
import { contrasts } from "../race/estimate/contrasts.ts";
import { gridStep } from "../race/grid.ts";
import type { Arm, Block, Objective, PairedBlock, Visit } from "../race/types.ts";
import type { Tuning } from "../state.ts";
import type { World } from "./worlds.ts";

/* Grids that were measured on real machines (`lathe tune --grid`), kept as worlds for races. */

/** A grid's table. */
export interface Grid {
  /** Where, when and with what it was measured. */
  readonly provenance: object;
  readonly objective: Objective;
  readonly rounds: number;
  readonly arms: readonly (Omit<Arm, "id"> & {
    /** Means over its visits. */
    readonly seconds: number;
    readonly medianMs: number | null;
    readonly answeredPerSecond: number;
    /** Why its server was killed. */
    readonly killed?: string;
  })[];
  /** In the order in which they were measured: of each visit the arm, by its place in `arms`, and its score. */
  readonly blocks: readonly { readonly arms: readonly number[]; readonly scores: readonly (number | null)[] }[];
}

const digits = (value: number, count: number) => Number(value.toPrecision(count));
const meanOf = (values: readonly number[]) => (values.length === 0 ? 0 : digits(mean(values), 4));

/** An image's reference without its registry: the digest says what it is, wherever it was taken from. */
const withoutHost = (image: string) => image.replace(/^[^/]*[.:][^/]*\//, "");

/** The table of a complete grid. @throws UserError if the tuning is a race, or its grid is not complete */
export function tableOf(tuning: Tuning): Grid {
  const { race, found, load, plan, provenance, stack, server } = tuning;
  const step = race.rounds === undefined ? undefined : gridStep(race);
  if (race.rounds === undefined || step?.do !== "end" || step.end !== "all-visited")
    throw new UserError({
      what: `tuning ${tuning.id} of stack ${stack}: ${step === undefined ? "a race" : "a grid that is not complete"}`,
      expected: "a complete grid",
      fix: `npx lathe tune --stack ${stack} ${step === undefined ? "--grid 30" : "--resume"}`,
    });
  const places = new Map(race.arms.map(({ id }, i) => [id, i]));
  const visits = Map.groupBy(
    race.blocks.flatMap((b) => b.visits),
    (v) => v.arm,
  );
  return {
    provenance: { ...{ stack, server, ...found, image: withoutHost(found.image) }, load, visit: plan, ...provenance },
    ...{ objective: race.objective, rounds: race.rounds },
    arms: race.arms.map(({ id, settings, isRule }) => {
      const own = visits.get(id) ?? [];
      const medians = own.flatMap((v) => v.medianMs ?? []);
      const killed = own.find((v) => v.killed !== undefined)?.killed;
      return {
        ...{ settings, isRule, seconds: meanOf(own.map((v) => v.seconds)) },
        medianMs: medians.length === 0 ? null : meanOf(medians),
        answeredPerSecond: meanOf(own.map((v) => v.answeredPerSecond)),
        ...(killed === undefined ? {} : { killed }),
      };
    }),
    blocks: race.blocks.map((b) => ({
      arms: b.visits.map((v) => places.get(v.arm) as number),
      scores: b.visits.map(({ score }) => (score === null ? null : Number(score.toFixed(4)))),
    })),
  };
}

/** A table as a file's text: one arm or block in a line. */
export function tableText({ arms, blocks, ...about }: Grid): string {
  const lines = (all: readonly object[]) => all.map((one) => `    ${JSON.stringify(one)}`).join(",\n");
  const head = JSON.stringify(about, null, 2).slice(0, -2);
  return `${head},\n  "arms": [\n${lines(arms)}\n  ],\n  "blocks": [\n${lines(blocks)}\n  ]\n}\n`;
}

/** Where tables are kept. */
export const TABLES = join(repoRoot, "tune", "testing", "fixtures", "grids");

/** All tables that are kept, by their files' names. */
export function tables(): Map<string, Grid> {
  const files = readdirSync(TABLES).filter((file) => file.endsWith(".json"));
  return new Map(
    files.sort().map((f) => [f.replace(".json", ""), JSON.parse(readFileSync(join(TABLES, f), "utf8")) as Grid]),
  );
}

/** What a grid's visits show: the arms' scores, what blocks add to them, and what is left of each arm's visits. */
interface Fitted {
  readonly arms: readonly Arm[];
  readonly levels: ReadonlyMap<string, number>;
  readonly added: readonly number[];
  readonly rest: ReadonlyMap<string, readonly number[]>;
}

const fittedOf = once((grid: Grid): Fitted => {
  const arms = grid.arms.map(({ settings, isRule }, i) => ({ id: idOf(settings, i), settings, isRule }));
  const blocks = grid.blocks.map(({ arms: places, scores }): PairedBlock => {
    const visits = places.map((place, i) => visitOf((arms[place] as Arm).id, scores[i] ?? null));
    return { purpose: "grid", order: visits.map((v) => v.arm), visits };
  });
  const shown = contrasts(blocks, arms.find((arm) => arm.isRule)?.id as string);
  const levels = new Map([...shown.measured].map((arm, i) => [arm, shown.levels[i] as number]));
  const above = ({ arm, score }: Visit) => {
    const level = levels.get(arm);
    return score === null || level === undefined ? [] : [{ arm, over: score - level }];
  };
  const scored = blocks.map((b) => b.visits.flatMap(above)).filter((all) => all.length > 1);
  const added = scored.map((all) => mean(all.map((v) => v.over)));
  // Least squares leaves less than the noise was.
  const shrunk = Math.sqrt(scored.flat().length / Math.max(1, shown.df));
  const rest = new Map<string, number[]>();
  for (const [i, all] of scored.entries())
    for (const { arm, over } of all) rest.set(arm, [...(rest.get(arm) ?? []), shrunk * (over - (added[i] as number))]);
  // What kills its server is good for nothing, however fast it was before.
  for (const [i, { killed }] of grid.arms.entries()) if (killed !== undefined) levels.delete((arms[i] as Arm).id);
  return { arms, levels, added, rest };
});

const idOf = (settings: Arm["settings"], place: number) =>
  `${place}: ${Object.entries(settings)
    .map(([knob, value]) => `${knob}=${value}`)
    .join(" ")}`;

const visitOf = (arm: string, score: number | null): Visit => ({
  ...{ arm, score, medianMs: null, answeredPerSecond: 0, calls: 1, failures: 0, seconds: 1 },
});

/** Visits that share what a block of the grid added to their scores. */
const TOGETHER = 6;

/**
 * A machine whose grid was measured. A visit's score is what the grid says of the arm, plus what one of the grid's blocks added (the
 * blocks come in their order, from one that the seed chooses), plus what was left of one of the arm's own visits. A mean visit takes one second.
 */
export function gridWorld(grid: Grid, seed: number): World {
  const { arms, levels, added, rest } = fittedOf(grid);
  const first = random(seedOf("block", seed)).below(added.length);
  const usual = mean(grid.arms.map((arm) => arm.seconds));
  const placeOf = new Map(arms.map(({ id }, i) => [id, i]));
  const usually = mean(added);
  return {
    ...{ arms, objective: grid.objective },
    truth: new Map(arms.map(({ id }) => [id, (levels.get(id) ?? -Infinity) + usually])),
    visit(arm, time) {
      const { seconds, killed } = grid.arms[placeOf.get(arm) as number] as Grid["arms"][number];
      const own = rest.get(arm) ?? [];
      if (killed !== undefined || own.length === 0)
        return { ...blockOf(grid.objective, arm, 0), killed: killed ?? "no call was answered" };
      const block = added[(first + Math.floor(time / TOGETHER)) % added.length] as number;
      const noise = own[random(seedOf(`${arm} ${time}`, seed)).below(own.length)] as number;
      const score = (levels.get(arm) as number) + block + noise;
      return { ...blockOf(grid.objective, arm, score), seconds: seconds / usual };
    },
  };
}

/** A visit that has this score. */
function blockOf(objective: Objective, arm: string, score: number): Block {
  const visit = { arm, failures: 0, seconds: 1 };
  switch (objective.kind) {
    case "throughput":
      return { ...visit, latenciesMs: [1000 / Math.exp(score)], answeredPerSecond: Math.exp(score) };
    case "cost":
      return { ...visit, latenciesMs: [1], answeredPerSecond: 1, cpuSeconds: Math.exp(-score) };
    default:
      return { ...visit, latenciesMs: [Math.exp(-score)], answeredPerSecond: 1000 / Math.exp(-score) };
  }
}
