import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../lib/errors.ts";
import { LOOPBACK } from "../hosts/addresses.ts";
import { mustRunOn } from "../hosts/connection/remote.ts";
import { openTunnel } from "../hosts/connection/tunnel.ts";
import { firstLook, lastLook, limit } from "./batched-commands.ts";
import { insideDifferences, lookInside } from "./inside.ts";
import {
  assertAsPlanned,
  inspect,
  isStandIn,
  lastLogLines,
  mustRun,
  noteOf,
  noteText,
  notRunning,
  type Inspected,
} from "./inspect.ts";
import { refusesStrangers } from "./refuses-strangers.ts";
import type { GateModel, GateReport, GateRun, GateSpec, KindGate } from "./spec.ts";
import { GIVE_TIME, isOver, misfit } from "./why-no-answer.ts";

const POLL_MS = 1000;
/** How often limits are tried to be set on a server that dies and is started again, before the last error counts. */
const LIMIT_TRIES = 20;
const LOG_LINES = 20;

/**
 * Passes when the container runs as planned, every model is ready in the version that was delivered and gives one real
 * answer at each open endpoint, and strangers are refused. Changes two things only: limits that Docker's provider cannot
 * set, and which versions the server serves, where its kind can roll them out.
 *
 * @throws UserError with the reason and the container's last log lines
 */
export async function gate(given: GateSpec, kind: KindGate): Promise<GateReport> {
  if (!given.tunnel || given.target === null) return passed(given, kind);
  const tunnel = await openTunnel(
    given.target,
    given.endpoints.map(({ port }) => port),
  );
  const endpoints = given.endpoints.map((endpoint, i) => ({ ...endpoint, port: tunnel.ports[i] ?? 0 }));
  return passed({ ...given, address: LOOPBACK, endpoints }, kind).finally(() => tunnel.close());
}

async function passed(given: GateSpec, kind: KindGate): Promise<GateReport> {
  const beganAt = performance.now();
  const deadline = beganAt + given.timeoutSeconds * 1000;
  try {
    const run = await asPlanned(given, kind, deadline);
    const check = (models: readonly GateModel[]) => answers(run, kind, models, deadline);
    await kind.rollOut?.(run, deadline, check);
    await check(run.models);
    const answered = (performance.now() - beganAt) / 1000;
    await kind.served?.(run);
    await refusesStrangers(run);
    const ready =
      run.ranSeconds === undefined ? {} : { readySeconds: Math.round(10 * (run.ranSeconds + answered)) / 10 };
    return { ...(await readBack(run, kind)), ...ready };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const log = await lastLogLines(given.target, given.container, LOG_LINES);
    throw new UserError({
      what: `gate: ${error.message}\nlast lines of ${given.container}'s log:\n${(log.trim() || "(empty)").replace(/^/gm, "  | ")}`,
      fix:
        misfit(`${error.message}\n${log}`) ??
        "mend the cause and run `npx lathe up` again: `up` fails until the server answers",
    });
  }
}

/** Waits until the container runs, with the limits that it is to have, and throws if it is not as planned. */
async function asPlanned(given: GateSpec, kind: KindGate, deadline: number): Promise<GateRun> {
  const limits = given.memorySet === "" ? limitsOf(given) : [];
  const { found: first, state, limited, hostSeconds } = await firstLook(given, kind.state?.file, limits);
  const begun = await startAnew(given, first, kind.state?.isProven(state) ?? true);
  const run = { ...given, state, restartsBefore: begun.RestartCount, ...ranBefore(begun, hostSeconds) };
  await running(run, deadline, begun);
  const isSet = (limited && begun === first) || limitsOf(given).length === 0;
  assertAsPlanned(isSet ? begun : await setLimits(run, deadline), run);
  return run;
}

/** A container that ran for longer than this is not just starting: how long its server took is not to be seen any more. */
const STARTS_WITHIN_SECONDS = 60;

function ranBefore({ State, RestartCount }: Inspected, hostSeconds: number): Pick<GateRun, "ranSeconds"> {
  const ranSeconds = hostSeconds - Date.parse(State.StartedAt ?? "") / 1000;
  return RestartCount === 0 && ranSeconds > -1 && ranSeconds < STARTS_WITHIN_SECONDS
    ? { ranSeconds: Math.max(0, ranSeconds) }
    : {};
}

async function answers(run: GateRun, kind: KindGate, models: readonly GateModel[], deadline: number): Promise<void> {
  for (const model of models) await kind.ready(run, model, deadline);
  for (const model of models) await kind.smoke(run, model, deadline);
}

/** Writes down what is served, and reads back what the container really has. */
async function readBack(run: GateRun, kind: KindGate): Promise<GateReport> {
  const { found, inside, imageBytes } = await lastLook(run, kind.state);
  mustRun(run, found);
  assertAsPlanned(found, run);
  const faults = insideDifferences(inside, run);
  if (faults.length > 0) throw new UserError(faults);
  const note = noteText(await kind.noteOn?.(run), noteOf(found) ?? kind.note);
  return {
    standIn: isStandIn(found),
    ...(note === undefined ? {} : { note }),
    ...(imageBytes === undefined ? {} : { imageBytes }),
    env: Object.fromEntries(Object.keys(run.env).map((name) => [name, inside.env[name] ?? ""])),
    command: found.Config.Cmd ?? [],
  };
}

/**
 * Limits that the provider has no inputs for: processes (pids) and memory nodes. Docker keeps them over restarts. Memory
 * that the server took before is of any node, and stays there: where there are several, it starts again.
 * (kreuzwerker/terraform-provider-docker has no `pids_limit` and no `cpuset_mems` on a container.)
 */
async function setLimits(run: GateRun, deadline: number): Promise<Inspected> {
  const { target, container, memorySet } = run;
  // One that is just dying cannot be looked into: whoever waits for its models will say why.
  const before = memorySet === "" ? undefined : await lookInside(target, container).catch(() => undefined);
  let limited: Inspected;
  for (let tries = 1; ; tries++) {
    try {
      limited = await limit(run, limitsOf(run));
      break;
    } catch (error) {
      // Docker cannot limit one that dies at this moment: then what it died of is the reason, which Docker reports later.
      await sleep(POLL_MS);
      await running(run, deadline);
      if (tries === LIMIT_TRIES) throw error;
    }
  }
  if (before === undefined || before.nodes === memorySet) return limited;
  await mustRunOn(target, ["docker", "restart", container], `restart container ${container}`);
  return running(run, deadline);
}

/** As `docker update` takes them. */
function limitsOf({ pidsLimit, memorySet }: GateSpec): string[] {
  return [
    ...(pidsLimit === null ? [] : ["--pids-limit", `${pidsLimit}`]),
    ...(memorySet === "" ? [] : ["--cpuset-mems", memorySet]),
  ];
}

/** Restarts a server that never came to serve and keeps dying: its config may be mended, and Docker waits longer each time. */
async function startAnew({ target, container }: GateSpec, found: Inspected, isProven: boolean): Promise<Inspected> {
  if (found.RestartCount === 0 || isProven) return found;
  await mustRunOn(target, ["docker", "restart", container], `start container ${container} anew`);
  return inspect(target, container);
}

/** Waits until the container runs: Docker refuses to change the limits of one that is just being restarted. */
async function running(run: GateRun, deadline: number, seen?: Inspected): Promise<Inspected> {
  const { target, container, restartsBefore } = run;
  for (let found = seen; ; found = undefined) {
    found ??= await inspect(target, container);
    if (found.State.Status === "running") return found;
    const down = notRunning(found, restartsBefore);
    if (down !== undefined) throw new UserError({ what: `container ${container} does not run: ${down}` });
    if (isOver(deadline))
      throw new UserError({
        what: `container ${container} does not run after ${run.timeoutSeconds} s (it is ${found.State.Status})`,
        fix: GIVE_TIME,
      });
    await sleep(POLL_MS);
  }
}
