import { setTimeout as sleep } from "node:timers/promises";
import { clientKind } from "../../clients/registry.ts";
import { modelStatus } from "../../clients/tf-serving/status.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import type { Security } from "../../clients/security.ts";
import { LOOPBACK } from "../access/bind.ts";
import { openTunnel } from "../hosts/tunnel.ts";
import { refusesStrangers } from "./refuses-strangers.ts";
import { mustRunOn } from "../hosts/remote.ts";
import { assertAsPlanned, inspect, isStandIn, lastLogLines, notRunning, type Inspected } from "./inspect.ts";
import { insideDifferences, lookInside } from "./inside.ts";
import { firstLook, lastLook, limit } from "./batched-commands.ts";
import { checkLabels, rollOut } from "../servers/tf-serving/rollout.ts";
import type { Held } from "../servers/tf-serving/models-config.ts";
import { GIVE_TIME, whyNoAnswer } from "./why-no-answer.ts";
import type { GateModel, GateReport, GateRun, GateSpec } from "../host-programs/specs.ts";

const POLL_MS = 1000;
/** How often limits are tried to be set on a server that dies and is started again, before the last error counts. */
const LIMIT_TRIES = 20;
const LOG_LINES = 20;
/** Side of the test image, in pixels. */
const IMAGE_SIZE = 64;

/**
 * Passes when the container runs as planned, every model is AVAILABLE in the version that was delivered, and each answers
 * one real predict over gRPC and over REST. Changes two things only: limits that Docker's provider cannot set, and which
 * versions the server serves (see rollout.ts).
 *
 * @throws UserError with the reason and the container's last log lines
 */
export async function gate(given: GateSpec): Promise<GateReport> {
  if (given.access?.tunnel !== true || given.target === null) return passed(given);
  const tunnel = await openTunnel(given.target, [given.grpcPort, given.restPort]);
  const [grpcPort = 0, restPort = 0] = tunnel.ports;
  return passed({ ...given, address: LOOPBACK, grpcPort, restPort }).finally(() => tunnel.close());
}

async function passed(given: GateSpec): Promise<GateReport> {
  const deadline = performance.now() + given.timeoutSeconds * 1000;
  try {
    const { found: first, held, limited } = await firstLook(given, given.memorySet === "" ? limitsOf(given) : []);
    const begun = await startAnew(given, first, held);
    const spec = { ...given, restartsBefore: begun.RestartCount };
    await running(spec, deadline, begun);
    assertAsPlanned(limited && begun === first ? first : await setLimits(spec, deadline), spec);
    await rollOut(spec, deadline, (models) => check(spec, models, deadline), held);
    await check(spec, spec.models, deadline);
    await checkLabels(spec);
    if (spec.access !== undefined) await refusesStrangers(spec, spec.access);
    const { found, inside } = await lastLook(spec);
    assertRuns(spec, found);
    assertAsPlanned(found, spec);
    const faults = insideDifferences(inside, spec);
    if (faults.length > 0) throw new UserError(faults);
    return {
      standIn: isStandIn(found),
      env: Object.fromEntries(Object.keys(spec.env).map((name) => [name, inside.env[name] ?? ""])),
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const log = await lastLogLines(given.target, given.container, LOG_LINES);
    throw new UserError({
      what: `gate: ${error.message}\nlast lines of ${given.container}'s log:\n${indent(log.trim() || "(empty)")}`,
      fix: "mend it and run `pulumi up` again: the gate stays closed until it passes",
    });
  }
}

async function check(spec: GateRun, models: readonly GateModel[], deadline: number): Promise<void> {
  for (const model of models) await available(spec, model, deadline);
  for (const model of models) {
    await predict(spec, model, "probe", spec.grpcPort, deadline, spec.access?.security.grpc);
    if (spec.access?.rest === "off") continue;
    await predict(spec, model, "rest", spec.restPort, deadline, spec.access?.security.rest);
  }
}

/**
 * Limits that the provider has no inputs for: processes (pids) and memory nodes. Docker keeps them over restarts. Memory
 * that the server took before is of any node, and stays there: where there are several, it starts again.
 * (kreuzwerker/terraform-provider-docker has no `pids_limit` and no `cpuset_mems` on a container.)
 */
async function setLimits(spec: GateRun, deadline: number): Promise<Inspected> {
  const { target, container, memorySet } = spec;
  // One that is just dying cannot be looked into: whoever waits for its models will say why.
  const before = memorySet === "" ? undefined : await lookInside(target, container).catch(() => undefined);
  let limited: Inspected;
  for (let tries = 1; ; tries++) {
    try {
      limited = await limit(spec, limitsOf(spec));
      break;
    } catch (error) {
      // Docker cannot limit one that dies at this moment: then what it died of is the reason, told once Docker knows it.
      await sleep(POLL_MS);
      await running(spec, deadline);
      if (tries === LIMIT_TRIES) throw error;
    }
  }
  if (before === undefined || before.nodes === memorySet) return limited;
  await mustRunOn(target, ["docker", "restart", container], `restart container ${container}`);
  return running(spec, deadline);
}

/** As `docker update` takes them. */
function limitsOf({ pidsLimit, memorySet }: GateSpec): string[] {
  return ["--pids-limit", `${pidsLimit}`, ...(memorySet === "" ? [] : ["--cpuset-mems", memorySet])];
}

/**
 * A server that never came to serve and keeps dying is started anew: its config may have been mended since, and Docker waits
 * longer and longer before it looks.
 */
async function startAnew({ target, container, serving }: GateSpec, found: Inspected, held?: Held): Promise<Inspected> {
  if (serving === null || found.RestartCount === 0 || held?.proven === true) return found;
  await mustRunOn(target, ["docker", "restart", container], `start container ${container} anew`);
  return inspect(target, container);
}

/** Waits until the container runs: Docker refuses to change the limits of one that is just being restarted. */
async function running(spec: GateRun, deadline: number, seen?: Inspected): Promise<Inspected> {
  const { target, container, restartsBefore } = spec;
  for (let found = seen; ; found = undefined) {
    found ??= await inspect(target, container);
    if (found.State.Status === "running") return found;
    const down =
      notRunning(found, restartsBefore) ?? (performance.now() > deadline ? `it is ${found.State.Status}` : undefined);
    if (down !== undefined) throw new UserError({ what: `container ${container} does not run: ${down}` });
    await sleep(POLL_MS);
  }
}

async function available(spec: GateRun, model: GateModel, deadline: number): Promise<void> {
  let last = "no answer yet";
  for (;;) {
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new UserError({
        what: `model ${model.name} is not AVAILABLE after ${spec.timeoutSeconds} s (${last})`,
        expected: `version ${model.version} AVAILABLE at ${spec.address}:${spec.restPort}`,
        fix: await whyNoAnswer(spec),
      });
    }
    const byGrpc = spec.access?.rest === "off";
    const asked = await modelStatus({
      protocol: byGrpc ? "grpc" : "rest",
      address: spec.address,
      port: byGrpc ? spec.grpcPort : spec.restPort,
      security: byGrpc ? spec.access?.security.grpc : spec.access?.security.rest,
      model: model.name,
      timeoutMs: Math.min(5_000, left),
    });
    if (asked.ok) {
      const found = asked.value.find((v) => v.version === model.version);
      if (found?.state === "AVAILABLE") return;
      if (found?.state === "END" && found.code !== "OK") {
        throw new UserError({
          what: `model ${model.name} version ${model.version} cannot be loaded: ${found.code}: ${found.message}`,
        });
      }
      last = found === undefined ? `version ${model.version} is not there` : `it is ${found.state}`;
    } else last = `${asked.error.code}: ${asked.error.message}`;
    assertRuns(spec, await inspect(spec.target, spec.container));
    await sleep(POLL_MS);
  }
}

/** Throws where the container does not run, or keeps dying. */
function assertRuns({ container, restartsBefore }: GateRun, found: Inspected): void {
  const down = notRunning(found, restartsBefore);
  if (down !== undefined) throw new UserError({ what: `container ${container} does not run: ${down}` });
}

async function predict(
  spec: GateSpec,
  model: GateModel,
  kind: string,
  port: number,
  deadline: number,
  security: Security | undefined,
): Promise<void> {
  const client = clientKind(kind).create(spec.address, port, security);
  // The first predict may load kernels and run warm-up requests: it has all that is left of the gate's time.
  const timeoutMs = Math.max(1, deadline - performance.now());
  const failed = (why: string) =>
    new UserError({
      what: `model ${model.name} is AVAILABLE but does not predict over ${kind} at ${spec.address}:${port}: ${why}`,
      ...(performance.now() < deadline ? {} : { fix: GIVE_TIME }),
    });
  try {
    await client.open(timeoutMs).catch((error: unknown) => {
      throw failed(messageOf(error));
    });
    const result = await client.call({
      model: model.name,
      version: model.version,
      signature: model.signature,
      inputs: {
        [model.input]: {
          dtype: "DT_UINT8",
          shape: [1, IMAGE_SIZE, IMAGE_SIZE, 3],
          data: new Uint8Array(IMAGE_SIZE * IMAGE_SIZE * 3).fill(127),
        },
      },
      timeoutMs,
    });
    if (!result.ok) throw failed(`${result.error.code}: ${result.error.message}`);
    if (Object.keys(result.outputs).length === 0) throw failed("the answer has no outputs");
  } finally {
    await client.close();
  }
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `  | ${line}`)
    .join("\n");
}
