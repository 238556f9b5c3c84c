import { setTimeout as sleep } from "node:timers/promises";
import { modelStatus, reloadConfig, versionOfLabel } from "../../../clients/tf-serving/status.ts";
import { UserError, messageOf } from "../../../lib/errors.ts";
import { mustRunOn, script } from "../../hosts/remote.ts";
import type { SshTarget } from "../../outputs.ts";
import { inspect, notRunning } from "../../gate/inspect.ts";
import {
  CONFIG_FILE,
  type Held,
  type ServedModel,
  configMessage,
  configText,
  isServed,
  letGo,
  readConfigText,
  relabelled,
  trialOf,
} from "./models-config.ts";
import { GIVE_TIME, whyNoAnswer } from "../../gate/why-no-answer.ts";
import type { GateModel, GateRun, GateSpec } from "../../host-programs/specs.ts";

/*
 * How new versions go live in a server that goes on serving: it is told over gRPC to serve them beside the old ones; they
 * are tried; the labels move to them; only then are the old ones let go. The config file on the host always says what was
 * last seen to serve, so that a server which restarts in the middle of it, or after it failed, comes up with that.
 */

const POLL_MS = 500;
/** A server may tell of a version's last failure until it has looked at its files again, once a second. */
const STALE_MS = 3000;
/** A server looks once a second at what its config wants (`--file_system_poll_wait_seconds`). */
const LOOK_MS = 1500;
/** A model that is new to the server is loaded before the call is answered. */
const RELOAD_TIMEOUT_MS = 120_000;

const READ = `cat "$1/models/$2" 2>/dev/null || true`;
/** Writes the config file of standard input, its folder `$1` and name `$2`. */
export const WRITE_CONFIG = `
umask 022
cat > "$1/models/$2.partial"
mv "$1/models/$2.partial" "$1/models/$2"
`;

/** What the config file on a host says; undefined where there is none of Lathe's form. */
export async function heldOn(target: SshTarget | null, workspace: string): Promise<Held | undefined> {
  return readConfigText(await mustRunOn(target, script(READ, workspace, CONFIG_FILE), "read which models are served"));
}

/**
 * Makes the server serve what the stack wants. Where that is new, it is tried beside what is served already.
 *
 * @param known what the config file on the host says, where that was read already
 * @param check throws where a model does not load or does not predict
 * @throws UserError where the new does not serve: then the old is served on, under its old labels
 */
export async function rollOut(
  spec: GateRun,
  deadline: number,
  check: (models: readonly GateModel[]) => Promise<void>,
  known?: Held,
): Promise<void> {
  if (spec.serving === null) return;
  const { models: wanted } = spec.serving;
  const held = known ?? (await heldOn(spec.target, spec.workspace));
  await answering(spec, deadline);
  if (held?.proven === true && JSON.stringify(held.models) !== JSON.stringify(wanted)) {
    await tryOut(spec, held.models, wanted, deadline, check);
    await prove(spec);
  }
  await reload(spec, wanted, deadline);
  if (held !== undefined) await gone(spec, letGo(held.models, wanted), deadline);
}

/**
 * Waits until the server has let the old go, which it does when it looks next: what is green is then so, and no file is taken
 * from under a model that still answers.
 */
async function gone(
  spec: GateRun,
  old: readonly { readonly name: string; readonly version: number }[],
  deadline: number,
): Promise<void> {
  for (const { name: model, version } of old) {
    for (;;) {
      const asked = await modelStatus({ ...reach(spec), model, timeoutMs: 5_000 });
      // A model of which nothing is left is not known. What else keeps it from answering, the check that follows says better.
      const state = asked.ok ? asked.value.find((v) => v.version === version)?.state : undefined;
      if (state === undefined || state === "END") break;
      if (performance.now() >= deadline)
        throw new UserError({
          what: `model ${model} version ${version} is still served after ${spec.timeoutSeconds} s (${state})`,
          expected: "a server that lets go what its config no longer names",
          fix: GIVE_TIME,
        });
      await sleep(POLL_MS);
    }
  }
}

/** Writes down what the server was seen to serve. */
export async function prove({ target, workspace, serving }: GateRun): Promise<void> {
  if (serving === null) return;
  const input = provenText(serving);
  await mustRunOn(target, script(WRITE_CONFIG, workspace, CONFIG_FILE), `write ${CONFIG_FILE}`, { input });
}

/** The config file of a server that was seen to serve this. */
export function provenText({ models, basePath }: NonNullable<GateSpec["serving"]>): string {
  return configText(models, basePath, true);
}

/** Throws where a label does not lead to the version that the stack says. */
export async function checkLabels(spec: GateRun): Promise<void> {
  for (const { name, labels } of spec.serving?.models ?? []) {
    for (const [label, version] of Object.entries(labels)) {
      const asked = await versionOfLabel({ ...reach(spec), model: name, label, timeoutMs: 10_000 });
      const is = asked.ok ? `version ${asked.value}` : `${asked.error.code}: ${asked.error.message}`;
      if (!asked.ok || asked.value !== version)
        throw new UserError({ what: `model ${name}: label ${label} leads to ${is}`, expected: `version ${version}` });
    }
  }
}

async function tryOut(
  spec: GateRun,
  held: readonly ServedModel[],
  wanted: readonly ServedModel[],
  deadline: number,
  check: (models: readonly GateModel[]) => Promise<void>,
): Promise<void> {
  const trial = trialOf(held, wanted);
  try {
    const fresh = spec.models.filter((m) => !isServed(held, m.name, m.version));
    const failedBefore = await anyKnown(spec, fresh);
    await reload(spec, trial, deadline);
    if (failedBefore) await sleep(STALE_MS);
    await check(fresh);
    await reload(spec, relabelled(trial, wanted), deadline);
    await checkLabels(spec);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const restored = await reload(spec, held, performance.now() + RELOAD_TIMEOUT_MS).then(
      async () => {
        // Until it has looked, the version is still one that it wants and could not load: asked for again so soon, it would
        // see no change and not try again.
        await sleep(LOOK_MS);
        return "what was served before is served on";
      },
      (again: unknown) => `and the server does not take back what it served before: ${messageOf(again)}`,
    );
    throw new UserError(
      {
        what: `${error.message}\n${restored}: ${held.map(words).join(", ")}`,
        fix: "give the version before again (pulumi config set --path 'lathe:models[0].version' NUMBER), or mend the new one",
      },
      { cause: error },
    );
  }
}

/** Whether the server has heard of one of these versions before: what it says of it may be old. */
async function anyKnown(spec: GateRun, models: readonly GateModel[]): Promise<boolean> {
  for (const { name: model, version } of models) {
    const asked = await modelStatus({ ...reach(spec), model, timeoutMs: 10_000 });
    if (asked.ok && asked.value.some((v) => v.version === version)) return true;
  }
  return false;
}

/** Everything here goes over gRPC: the reload call is there only. */
const reach = ({ address, grpcPort: port, access }: GateRun) =>
  ({ protocol: "grpc", address, port, security: access?.security.grpc }) as const;

const words = ({ name, versions }: ServedModel) => `${name} ${versions.join(" and ")}`;

async function reload(spec: GateRun, models: readonly ServedModel[], deadline: number): Promise<void> {
  const timeoutMs = Math.max(1, Math.min(RELOAD_TIMEOUT_MS, deadline - performance.now()));
  const config = configMessage(models, spec.serving?.basePath ?? "");
  const asked = await reloadConfig({ ...reach(spec), timeoutMs }, config);
  if (!asked.ok)
    throw new UserError({
      what: `the server does not take its new config: ${asked.error.code}: ${asked.error.message}`,
      expected: models.map(words).join(", "),
    });
}

/** Waits until the server answers anything: it opens its ports when its first models are loaded. */
async function answering(spec: GateRun, deadline: number): Promise<void> {
  for (;;) {
    const timeoutMs = Math.min(5_000, Math.max(1, deadline - performance.now()));
    const asked = await modelStatus({ ...reach(spec), model: spec.models[0]?.name ?? "", timeoutMs });
    if (asked.ok || !["UNAVAILABLE", "DEADLINE_EXCEEDED"].includes(asked.error.code)) return;
    const down = notRunning(await inspect(spec.target, spec.container), spec.restartsBefore);
    if (down !== undefined) throw new UserError({ what: `container ${spec.container} does not run: ${down}` });
    if (performance.now() >= deadline)
      throw new UserError({
        what: `model ${spec.models[0]?.name ?? ""} is not AVAILABLE after ${spec.timeoutSeconds} s (${asked.error.code}: ${asked.error.message})`,
        expected: `a server that answers at ${spec.address}:${spec.grpcPort}`,
        fix: await whyNoAnswer(spec),
      });
    await sleep(POLL_MS);
  }
}
