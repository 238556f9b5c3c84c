import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { modeOf } from "../bench/loads/registry.ts";
import { loadImages } from "../bench/plan/photographs.ts";
import { makeRunDir } from "../bench/records/run-folders.ts";
import { withLock } from "../lib/cache/cached.ts";
import { UserError } from "../lib/errors.ts";
import { say } from "../lib/output.ts";
import { repoRoot } from "../lib/paths.ts";
import { formatSeconds, progress } from "../lib/progress.ts";
import { count } from "../lib/words.ts";
import { formatCpuList } from "../lib/cpulist.ts";
import { type Callable, callableOf } from "./callable.ts";
import { loadFor, objectiveText, visitPlan } from "./objective.ts";
import { type TUNE, budgetOf } from "./options.ts";
import type { Values } from "../lib/cli/spec.ts";
import { provenanceOf } from "./provenance.ts";
import { gridVisits } from "./race/grid.ts";
import { begin } from "./race/race.ts";
import type { Arm } from "./race/types.ts";
import { isOver, runRace } from "./run.ts";
import { inTuning } from "./session.ts";
import { RULE, type Space, readOnly, spaceOf } from "./space.ts";
import { type Tuning, keepTuning, readTuning } from "./state.ts";
import { type Subject, typed } from "./subject.ts";

/** A tuning whose measurements have ended. */
export interface Measured {
  readonly dir: string;
  readonly tuning: Tuning;
  readonly space: Space;
}

/** Measures a new tuning, or with `--resume` goes on with the server's newest one. */
export async function measured(subject: Subject, dirs: string, values: Values<typeof TUNE>): Promise<Measured> {
  const anew = typed({ stack: subject.stack, project: values.project, server: values.which }, "tune");
  const old = values.resume === true ? await newest(dirs, subject, anew) : undefined;
  const only = old === undefined ? values.only?.only : old.tuning.only === null ? undefined : readOnly(old.tuning.only);
  const called = callableOf(subject.server, old?.tuning.found.client ?? values.client);
  const model = modelOf(subject, old?.tuning.found.model ?? values.model);
  const load = old?.tuning.load ?? loadFor(values.for, subject.facts.cpu.allowed.length);
  const space = spaceOf({
    ...{ kind: subject.kind, facts: subject.facts, access: subject.config.access, base: subject.base },
    ...{ models: subject.server.models, protocol: called.protocol, only },
    overlap: modeOf(load).connections(load) > 1,
  });
  const number = old === undefined ? values.photograph : Number(old.tuning.found.photograph.replace("image-", ""));
  const found = {
    ...{ image: subject.server.image, model, cpus: formatCpuList(subject.facts.cpu.allowed) },
    ...{ client: called.client, photograph: `image-${number}` },
  };
  if (old !== undefined) refuseOther(old, found, space, values.grid, anew);
  const { id, dir } = old ?? (await makeRunDir(dirs, new Date()));
  const onWait = (pid: string) => {
    throw new UserError({
      what: `${dir}: another tuning (process ${pid}) writes there`,
      fix: "wait until it has ended",
    });
  };
  const from = {
    id,
    stack: subject.stack,
    server: subject.server.id,
    found,
    only: old?.tuning.only ?? values.only?.text ?? null,
    provenance: old === undefined ? await provenanceOf(subject) : old.tuning.provenance,
  };
  const race = () => raced(subject, { dir, space, called, number, old: old?.tuning, from }, values);
  return { dir, space, tuning: await withLock(join(dir, "session.lock"), race, onWait) };
}

interface Begun {
  readonly dir: string;
  readonly space: Space;
  readonly called: Callable;
  readonly number: number;
  readonly old: Tuning | undefined;
  readonly from: Pick<Tuning, "id" | "stack" | "server" | "found" | "only" | "provenance">;
}

async function raced(subject: Subject, begun: Begun, values: Values<typeof TUNE>): Promise<Tuning> {
  const { dir, space, called, number, old, from } = begun;
  if (old !== undefined && isOver(old.race, values.knobs === true)) return old;
  const objective = old?.race.objective ?? values.for;
  const load = old?.load ?? loadFor(objective, subject.facts.cpu.allowed.length);
  const steps = progress();
  const list = join(repoRoot, "models/photographs.yaml");
  const { images } = await loadImages({ photographs: list, images: [number] }, steps);
  const [image] = images;
  if (image === undefined) throw new Error(`no photograph ${number}`);
  const settings = count(space.trials.length - 1, "setting");
  steps.step(`Tuning ${from.server} for ${objectiveText(objective)} of ${from.found.model}: the rule and ${settings}`);
  say(`Server ${from.server} is frozen until the tuning ends: its clients wait.`);
  const sources = { id: from.id, subject, space, called, model: from.found.model, image, load, objective };
  const tuning = await inTuning(sources, async (measurer) => {
    let plan = old?.plan;
    if (plan === undefined) {
      steps.note("first calls, with the rule's settings");
      plan = visitPlan(objective, load, await measurer.callMs(RULE));
    }
    const visits = plan;
    const arms = space.trials.map(({ arm }) => arm);
    const state = old?.race ?? begin(arms, objective, values.seed, { seconds: budgetOf(values) }, values.grid);
    if (state.rounds !== undefined)
      say(
        `A grid: ${count(state.rounds, "round")}, ${count(gridVisits(state), "visit")} of ${formatSeconds(visits.blockMs / 1000)} or more each.`,
      );
    const whole = (race: Tuning["race"]): Tuning => ({ schema: "lathe.tuning/1", ...from, load, plan: visits, race });
    await keepTuning(dir, whole(state));
    const race = await runRace(state, {
      visit: (arm, needed) => measurer.visit(arm, visits, needed),
      restart: (arm) => measurer.restart(arm),
      keep: (now) => keepTuning(dir, whole(now)),
      note: (text) => steps.note(text),
      knobs: values.knobs === true,
    });
    return whole(race);
  });
  steps.done();
  return tuning;
}

/** The model that is called: the named one, otherwise the server's first that is not a null model. Pure. */
export function modelOf({ server }: Pick<Subject, "server">, named: string | undefined): string {
  const names = server.models.map(({ name }) => name);
  const own = server.models.find(({ isNull }) => !isNull)?.name ?? names[0];
  const model = named ?? own;
  if (model !== undefined && names.includes(model)) return model;
  throw new UserError({
    what: `--model: server "${server.id}" has no model "${model ?? ""}"`,
    expected: names.join(", "),
  });
}

/** The newest tuning of a server. @param anew what to type to begin one @throws UserError if there is none */
async function newest(dirs: string, { stack, server }: Subject, anew: string) {
  const names = (await readdir(dirs).catch(() => [] as string[])).filter((name) => /^\d{4}-\d{2}-\d{2}T/.test(name));
  for (const id of names.sort().reverse()) {
    const dir = join(dirs, id);
    const tuning = await readTuning(dir).catch(() => undefined);
    if (tuning?.stack === stack && tuning.server === server.id) return { id, dir, tuning };
  }
  throw new UserError({
    what: `--resume: ${dirs} has no tuning of server "${server.id}" of stack ${stack}`,
    fix: `begin one: ${anew}`,
  });
}

/** Refuses to go on where visits would not be comparable, or another grid is asked for. @throws UserError with what has changed */
function refuseOther(
  { dir, tuning }: { dir: string; tuning: Tuning },
  now: Tuning["found"],
  space: Space,
  grid: number | undefined,
  anew: string,
): void {
  const arms = space.trials.map(({ arm }) => arm);
  const changed = changesSince(tuning, now, arms, grid);
  if (changed.length === 0) return;
  throw new UserError({
    what: `${dir}: ${changed.join("; ")}`,
    expected: "what the tuning began with",
    fix: `begin a new one: ${anew}`,
  });
}

/**
 * What is not as it was when a tuning began, in words. Pure.
 *
 * @param grid what `--grid` says; undefined: it was not given, and the tuning goes on as what it is
 */
export function changesSince(
  { found, race }: Pick<Tuning, "found" | "race">,
  now: Tuning["found"],
  arms: readonly Arm[],
  grid: number | undefined,
): string[] {
  const keys = Object.keys(now) as (keyof Tuning["found"])[];
  const method = (rounds: number | undefined) =>
    rounds === undefined ? "a race" : `a grid of ${count(rounds, "round")}`;
  return [
    ...keys.flatMap((key) => (found[key] === now[key] ? [] : [`${key}: ${found[key]} then, ${now[key]} now`])),
    ...(JSON.stringify(arms) === JSON.stringify(race.arms) ? [] : ["the settings to be tried have changed"]),
    ...(grid === undefined || grid === race.rounds ? [] : [`${method(race.rounds)} then, ${method(grid)} now`]),
  ];
}
