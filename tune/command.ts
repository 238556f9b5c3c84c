import { constants } from "node:os";
import { join } from "node:path";
import { writeAtomic } from "../lib/cache/cached.ts";
import type { Values } from "../lib/cli/spec.ts";
import { printResult } from "../lib/cli/result.ts";
import { EXIT } from "../lib/cli/run.ts";
import { WrongUse } from "../lib/errors.ts";
import { say } from "../lib/output.ts";
import { repoRoot, shownPath } from "../lib/paths.ts";
import { onSignals } from "../lib/signals.ts";
import { tunedMachine } from "../infra/tuning.ts";
import { objectiveText } from "./objective.ts";
import { TUNE } from "./options.ts";
import { outcome } from "./race/outcome.ts";
import { tunePage } from "./page.ts";
import { tuneDocument, tuneText } from "./report.ts";
import { projectAt } from "../stacks/project.ts";
import type { Space } from "./space.ts";
import { type Subject, type Where, readSubject, typed } from "./subject.ts";
import type { Tuning } from "./state.ts";
import { measured } from "./tuning.ts";
import { homeOf, offerChange } from "./write-back/config.ts";
import { withTuning, withoutTuning } from "./write-back/edit.ts";

export type TuneValues = Values<typeof TUNE>;

/** `lathe tune`: finds settings, or with `--undo` takes them back. @returns the exit code */
export async function tune(values: TuneValues): Promise<number> {
  const { stack } = values;
  if (stack === undefined)
    throw new WrongUse({
      what: "--stack: no stack is given",
      expected: "the stack whose server is tuned",
      fix: "npx lathe tune --stack edge",
    });
  if (values.grid !== undefined && values.knobs === true)
    throw new WrongUse({
      what: "--knobs with --grid",
      expected: "one of them: a grid measures every setting in any case",
    });
  const where: Where = {
    projectDir: await projectAt(values.project),
    project: values.project,
    stack,
    server: values.which,
  };
  return values.undo === true ? undo(where) : find(where, values);
}

async function undo(where: Where): Promise<number> {
  const home = await homeOf(where, where.server ?? "");
  if (home !== null && where.server === undefined)
    throw new WrongUse({
      what: "--which: the stack has a list of servers, and none is given",
      expected: "the name of the server that was tuned",
    });
  const done = await offerChange(where, (text, file) => withoutTuning(text, home, file), { yes: true, how: "" });
  say(
    done === "same"
      ? `Stack ${where.stack}: its config file has nothing that a tuning has written.`
      : `The config file has the settings from before the tuning. To apply them: ${typed(where, "up")}`,
  );
  return EXIT.fine;
}

async function find(where: Where, values: TuneValues): Promise<number> {
  const subject = await readSubject(where);
  const dirs = values.tunes ?? join(repoRoot, "tunes");
  const calm = sayHowToGoOn(where);
  const { tuning, space, dir } = await measured(subject, dirs, values);
  calm();
  const { race } = tuning;
  const about = {
    ...{ id: tuning.id, stack: where.stack, server: tuning.server, model: tuning.found.model },
    calls: `client ${tuning.found.client} on the server's machine, ${tuning.found.photograph}, load ${loadText(tuning)}`,
  };
  const page = join(dir, "tune.html");
  await writeAtomic(page, tunePage(about, race));
  const text = tuneText(about, race);
  if (values.json === true) say(text);
  else printResult(TUNE.json, false, text, {});
  const config = await writeBack(where, subject, space, tuning, values.yes === true);
  if (values.json === true)
    printResult({ ...TUNE.json, alsoTable: false }, true, "", tuneDocument(about, race, config));
  say(`Kept in ${shownPath(dir)}: tune.json, tune.html`);
  return outcome(race).kind === "inconclusive" ? EXIT.inconclusive : EXIT.fine;
}

/** Offers what was found to the config file. @returns what became of it, in a word */
async function writeBack(where: Where, subject: Subject, space: Space, tuning: Tuning, yes: boolean): Promise<string> {
  const found = outcome(tuning.race);
  const { config, facts, server } = subject;
  if (found.kind === "as-good" && config.tuned !== undefined)
    say(
      `The settings that an earlier tuning has written are no better than the rule. To take them out: ${typed(where, "tune", "--undo")}`,
    );
  const trial = found.kind === "winner" ? space.trials.find(({ arm }) => arm.id === found.arm) : undefined;
  if (found.kind !== "winner" || trial === undefined) return "nothing to write";
  const { ratio, interval } = found.gain;
  const tuned = {
    ...{ at: new Date().toISOString(), for: objectiveText(tuning.race.objective), model: tuning.found.model },
    ...{
      image: server.image,
      gain: ratio,
      interval: [interval?.low ?? ratio, interval?.high ?? ratio] as [number, number],
    },
    ...{ machine: tunedMachine(facts), settings: trial.found },
  };
  const home = await homeOf(where, config.name);
  const done = await offerChange(where, (text, file) => withTuning(text, home, tuned, file), {
    yes,
    // The race of a resumed tuning is over: it only writes.
    how: `To write it: ${typed(where, "tune", "--resume", "--yes")}`,
  });
  if (done === "written") say(`To apply it: ${typed(where, "up")}. To take it back: ${typed(where, "tune", "--undo")}`);
  return done;
}

const loadText = ({ load }: Tuning) =>
  Object.entries(load)
    .map(([key, value]) => (key === "mode" ? String(value) : `${key} ${String(value)}`))
    .join(", ");

/** On a signal, ends this process. The machine then thaws the server, because the connection has ended. @returns a function that undoes this */
function sayHowToGoOn(where: Where): () => void {
  return onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => {
    say(
      `\nInterrupted. The machine thaws the deployed server within seconds. To go on: ${typed(where, "tune", "--resume")}`,
    );
    process.exit(128 + constants.signals[signal]);
  });
}
