import { setTimeout as sleep } from "node:timers/promises";
import { modelStatus, reloadConfig } from "../../../clients/tf-serving/status.ts";
import { UserError } from "../../../lib/errors.ts";
import { writeState } from "../../gate/batched-commands.ts";
import { inspect, mustRun } from "../../gate/inspect.ts";
import type { GateModel, GateRun } from "../../gate/spec.ts";
import { GIVE_TIME, whyNoAnswer } from "../../gate/why-no-answer.ts";
import { checkLabels, grpcOf } from "./gate.ts";
import {
  configMessage,
  isServed,
  letGo,
  readConfigText,
  relabelled,
  servingOf,
  state,
  trialOf,
  type ServedModel,
} from "./models-config.ts";

/*
 * How new versions go live in a server that goes on serving: it is told over gRPC to serve them beside the old ones; they
 * are tried; the labels move to them; only then are the old ones let go. The config file on the host always says what was
 * last seen to serve, so that a server which restarts in the middle of it, or after it failed, comes up with that.
 */

const POLL_MS = 500;
/** A server may report a version's last failure until it has looked at its files again, once a second. */
const STALE_MS = 3000;
/** A server looks once a second at what its config wants (`--file_system_poll_wait_seconds`). */
const LOOK_MS = 1500;
/** A model that is new to the server is loaded before the call is answered. */
const RELOAD_TIMEOUT_MS = 120_000;

const OLD_OR_MENDED =
  "set the earlier version again (npx lathe pulumi config set --path 'lathe:models[0].version' NUMBER), or mend the new one";

/** Throws where one of these models does not load or does not predict. */
type Check = (models: readonly GateModel[]) => Promise<void>;

/**
 * Makes the server serve what the stack wants. Where that is new, it is tried beside what is served already.
 *
 * @throws UserError where the new does not serve: then the old is served on, under its old labels
 */
export async function rollOut(run: GateRun, deadline: number, check: Check): Promise<void> {
  const { models: wanted } = servingOf(run);
  const held = readConfigText(run.state);
  await answering(run, deadline);
  if (held?.proven === true && JSON.stringify(held.models) !== JSON.stringify(wanted)) {
    await tryOut(run, held.models, wanted, deadline, check);
    await writeState(run, state);
  }
  await reload(run, wanted, deadline);
  if (held !== undefined) await gone(run, letGo(held.models, wanted), deadline);
}

/**
 * Waits until the server has let the old go, which it does when it looks next: what is green is then so, and no file is taken
 * from under a model that still answers.
 */
async function gone(run: GateRun, old: ReturnType<typeof letGo>, deadline: number): Promise<void> {
  for (const { name: model, version } of old) {
    for (;;) {
      const asked = await modelStatus({ ...grpcOf(run), model, timeoutMs: 5_000 });
      // A model of which nothing is left is not known. What else keeps it from answering, the check that follows says better.
      const state = asked.ok ? asked.value.find((v) => v.version === version)?.state : undefined;
      if (state === undefined || state === "END") break;
      if (performance.now() >= deadline)
        throw new UserError({
          what: `model ${model} version ${version} is still served after ${run.timeoutSeconds} s (${state})`,
          expected: "a server that unloads what its config no longer names",
          fix: GIVE_TIME,
        });
      await sleep(POLL_MS);
    }
  }
}

async function tryOut(
  run: GateRun,
  held: readonly ServedModel[],
  wanted: readonly ServedModel[],
  deadline: number,
  check: Check,
): Promise<void> {
  const trial = trialOf(held, wanted);
  try {
    const fresh = run.models.filter((m) => !isServed(held, m.name, m.version));
    const failedBefore = await anyKnown(run, fresh);
    await reload(run, trial, deadline);
    if (failedBefore) await sleep(STALE_MS);
    await check(fresh);
    await reload(run, relabelled(trial, wanted), deadline);
    await checkLabels(run);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const restored = await restore(run, held);
    throw new UserError(
      {
        what: `${error.message}\n${restored}: ${held.map(words).join(", ")}`,
        // An error with a fix of its own, such as that the time was over, does not blame the new.
        ...(error.faults.some((f) => f.fix !== undefined) ? {} : { fix: OLD_OR_MENDED }),
      },
      { cause: error },
    );
  }
}

/** Makes the server serve what it served before, and says whether it does. */
async function restore(run: GateRun, held: readonly ServedModel[]): Promise<string> {
  const refused = await told(run, held, RELOAD_TIMEOUT_MS);
  if (refused !== undefined)
    return `and the server does not take back what it served before: ${refused.code}: ${refused.message}`;
  // Until it has looked, the version is still one that it wants and could not load: asked for again so soon, it would see no
  // change and not try again.
  await sleep(LOOK_MS);
  return "what was served before is served on";
}

/** Whether the server has heard of one of these versions before: what it says of it may be old. */
async function anyKnown(run: GateRun, models: readonly GateModel[]): Promise<boolean> {
  for (const { name: model, version } of models) {
    const asked = await modelStatus({ ...grpcOf(run), model, timeoutMs: 10_000 });
    if (asked.ok && asked.value.some((v) => v.version === version)) return true;
  }
  return false;
}

const words = ({ name, versions }: ServedModel) => `${name} ${versions.join(" and ")}`;

/** Makes the server take a config within what is left of the gate's time. */
async function reload(run: GateRun, models: readonly ServedModel[], deadline: number): Promise<void> {
  const left = deadline - performance.now();
  // Not asked for what it would not be waited for: it would load it all the same.
  const refused = left <= 0 ? NOT_ASKED : await told(run, models, Math.min(RELOAD_TIMEOUT_MS, left));
  if (refused === undefined) return;
  const expected = models.map(words).join(", ");
  const { code, message } = refused;
  throw new UserError(
    code === "DEADLINE_EXCEEDED" && left < RELOAD_TIMEOUT_MS
      ? {
          what: `the server has not taken its new config after ${run.timeoutSeconds} s (${message})`,
          expected,
          fix: GIVE_TIME,
        }
      : { what: `the server does not take its new config: ${code}: ${message}`, expected },
  );
}

const NOT_ASKED = { code: "DEADLINE_EXCEEDED", message: "it was not asked, because the time was over" };

/** Tells the server what to serve. Undefined where it took that, otherwise why not. */
async function told(run: GateRun, models: readonly ServedModel[], timeoutMs: number) {
  const config = configMessage(models, servingOf(run).basePath);
  const asked = await reloadConfig({ ...grpcOf(run), timeoutMs }, config);
  return asked.ok ? undefined : asked.error;
}

/** Waits until the server answers anything: it opens its ports when its first models are loaded. */
async function answering(run: GateRun, deadline: number): Promise<void> {
  for (;;) {
    const timeoutMs = Math.min(5_000, Math.max(1, deadline - performance.now()));
    const asked = await modelStatus({ ...grpcOf(run), model: run.models[0]?.name ?? "", timeoutMs });
    if (asked.ok || !["UNAVAILABLE", "DEADLINE_EXCEEDED"].includes(asked.error.code)) return;
    mustRun(run, await inspect(run.target, run.container));
    if (performance.now() >= deadline)
      throw new UserError({
        what: `model ${run.models[0]?.name ?? ""} is not AVAILABLE after ${run.timeoutSeconds} s (${asked.error.code}: ${asked.error.message})`,
        expected: `a server that answers at ${run.address}:${grpcOf(run).port}`,
        fix: await whyNoAnswer(run),
      });
    await sleep(POLL_MS);
  }
}
