import { setTimeout as sleep } from "node:timers/promises";
import { clientKind } from "../../bench/clients/index.ts";
import { modelStatus } from "../../bench/clients/status.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import { mustRunOn } from "../hosts/remote.ts";
import { assertAsPlanned, envOf, inspect, isStandIn, lastLogLines, notRunning } from "./inspect.ts";
import type { GateModel, GateReport, GateSpec } from "./specs.ts";

const POLL_MS = 1000;
const LOG_LINES = 20;
/** One predict may load kernels and run warm-up requests: a minute is generous, but the gate's own limit also holds. */
const PREDICT_TIMEOUT_MS = 60_000;
/** Side of the test image, in pixels. */
const IMAGE_SIZE = 64;

/**
 * Passes when the container runs as planned, every model is AVAILABLE in the version that was delivered, and each answers
 * one real predict over gRPC and over REST. Changes one thing only: limits that Docker's provider cannot set.
 *
 * @throws UserError with the reason and the container's last log lines
 */
export async function gate(spec: GateSpec): Promise<GateReport> {
  const deadline = Date.now() + spec.timeoutSeconds * 1000;
  try {
    await running(spec, deadline);
    await setLimits(spec);
    assertAsPlanned(await inspect(spec.target, spec.container), spec);
    for (const model of spec.models) await available(spec, model, deadline);
    for (const model of spec.models) {
      await predict(spec, model, "probe", spec.grpcPort, deadline);
      await predict(spec, model, "rest", spec.restPort, deadline);
    }
    const found = await inspect(spec.target, spec.container);
    assertAsPlanned(found, spec);
    const env = envOf(found);
    return {
      standIn: isStandIn(found),
      env: Object.fromEntries(Object.keys(spec.env).map((name) => [name, env[name] ?? ""])),
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const log = await lastLogLines(spec.target, spec.container, LOG_LINES);
    throw new UserError({
      what: `gate: ${error.message}\nlast lines of ${spec.container}'s log:\n${indent(log.trim() || "(empty)")}`,
      fix: "mend it and run `pulumi up` again: the gate stays closed until it passes",
    });
  }
}

/**
 * Limits that the provider has no inputs for: processes (pids) and memory nodes. Docker keeps them over restarts.
 * (kreuzwerker/terraform-provider-docker has no `pids_limit` and no `cpuset_mems` on a container.)
 */
async function setLimits({ target, container, pidsLimit, memorySet }: GateSpec): Promise<void> {
  const nodes = memorySet === "" ? [] : ["--cpuset-mems", memorySet];
  const command = ["docker", "update", "--pids-limit", `${pidsLimit}`, ...nodes, container];
  await mustRunOn(target, command, `limit container ${container}`);
}

/** Waits until the container runs: Docker refuses to change the limits of one that is just being restarted. */
async function running({ target, container }: GateSpec, deadline: number): Promise<void> {
  for (;;) {
    const found = await inspect(target, container);
    if (found.State.Status === "running") return;
    const down = notRunning(found) ?? (Date.now() > deadline ? `it is ${found.State.Status}` : undefined);
    if (down !== undefined) throw new UserError({ what: `container ${container} does not run: ${down}` });
    await sleep(POLL_MS);
  }
}

async function available(spec: GateSpec, model: GateModel, deadline: number): Promise<void> {
  let last = "no answer yet";
  for (;;) {
    const left = deadline - Date.now();
    if (left <= 0) {
      throw new UserError({
        what: `model ${model.name} is not AVAILABLE after ${spec.timeoutSeconds} s (${last})`,
        expected: `version ${model.version} AVAILABLE at ${spec.address}:${spec.restPort}`,
        fix: "if the host is slow, give it time: pulumi config set lathe:gateTimeoutSeconds SECONDS",
      });
    }
    const down = notRunning(await inspect(spec.target, spec.container));
    if (down !== undefined) throw new UserError({ what: `container ${spec.container} does not run: ${down}` });
    const asked = await modelStatus({
      protocol: "rest",
      address: spec.address,
      port: spec.restPort,
      model: model.name,
      timeoutMs: Math.min(5_000, left),
    });
    if (asked.ok) {
      const found = asked.value.find((v) => v.version === model.version);
      if (found?.state === "AVAILABLE") return;
      if (found?.state === "END" && found.code !== "OK") {
        throw new UserError({ what: `model ${model.name} cannot be loaded: ${found.code}: ${found.message}` });
      }
      last = found === undefined ? `version ${model.version} is not there` : `it is ${found.state}`;
    } else last = `${asked.error.code}: ${asked.error.message}`;
    await sleep(POLL_MS);
  }
}

async function predict(spec: GateSpec, model: GateModel, kind: string, port: number, deadline: number): Promise<void> {
  const client = clientKind(kind).create(spec.address, port);
  const timeoutMs = Math.max(1, Math.min(PREDICT_TIMEOUT_MS, deadline - Date.now()));
  const failed = (why: string) =>
    new UserError({
      what: `model ${model.name} is AVAILABLE but does not predict over ${kind} at ${spec.address}:${port}: ${why}`,
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
