import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../../clients/client.ts";
import { clientKind } from "../../../clients/registry.ts";
import { repositoryIndex, servedConfig, type TritonPeer } from "../../../clients/kserve-v2/triton.ts";
import { UserError, messageOf } from "../../../lib/errors.ts";
import { show } from "../../../lib/show.ts";
import { inspect, mustRun } from "../../gate/inspect.ts";
import { oomKills } from "../../gate/inside.ts";
import { endpointOf, type GateModel, type GateRun } from "../../gate/spec.ts";
import { unanswered, whyNoAnswer } from "../../gate/why-no-answer.ts";
import type { Serving } from "./container.ts";

const POLL_MS = 1000;
/** Side of the test image, in pixels: 3 MiB, more than the photographs take, so that shared memory which is too small is found. */
const IMAGE_SIZE = 1024;
/** The client kind that asks for the first answers, by protocol. */
const SMOKE = { grpc: "kserve-grpc", rest: "kserve-http" } as const;
const MEMORY = "a model's process was out of memory: raise lathe:memoryMiB";

/** Waits until Triton says that a model's version is ready; of one that it could not load it tells why. */
export async function ready(run: GateRun, { name, version }: GateModel, deadline: number): Promise<void> {
  let last = "no answer yet";
  for (;;) {
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new UserError({
        what: `model ${name} is not READY after ${run.timeoutSeconds} s (${last})`,
        expected: `version ${version} READY at ${run.address}:${grpcOf(run, 0).port}`,
        fix: await whyNoAnswer(run),
      });
    }
    try {
      const index = await repositoryIndex(grpcOf(run, Math.min(5_000, left)));
      const found = index.find((one) => one.name === name && one.version === `${version}`);
      if (found?.state === "READY") return;
      // Where no version could be found, the model stands there without one.
      const failed = found ?? index.find((one) => one.name === name);
      if (failed?.state === "UNAVAILABLE") throw await cannotBeServed(run, `${name} version ${version}`, failed.reason);
      last = failed === undefined ? "Triton does not know it" : `it is ${failed.state || "not loaded"}`;
    } catch (error) {
      if (error instanceof CannotBeServed) throw error;
      last = messageOf(error);
    }
    mustRun(run, await inspect(run.target, run.container));
    await sleep(POLL_MS);
  }
}

/** Final: it is not waited for. */
class CannotBeServed extends UserError {}

async function cannotBeServed(run: GateRun, model: string, reason: string): Promise<CannotBeServed> {
  const memory = (await oomKills(run.target, run.container)) > 0;
  const words = reason === "" ? "Triton does not say why" : show(reason).slice(0, 600);
  return new CannotBeServed({ what: `model ${model} cannot be loaded: ${words}${memory ? `; ${MEMORY}` : ""}` });
}

/** Asks a model for answers to a large grey image at each open endpoint, as many at once as it has instances. */
export async function smoke(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  const { instances } = run.serving as Serving;
  for (const protocol of ["grpc", "rest"] as const) {
    if (endpointOf(run, protocol) === undefined) continue;
    await Promise.all(Array.from({ length: instances }, () => answer(run, protocol, model, deadline)));
  }
}

async function answer(run: GateRun, protocol: "grpc" | "rest", model: GateModel, deadline: number): Promise<void> {
  const { port, client: security } = endpointOf(run, protocol) ?? { port: 0 };
  const kind = SMOKE[protocol];
  for (let died = false; ;) {
    const client = clientKind(kind).create(run.address, port, security);
    const why = await whyNot(client, model, deadline).finally(() => client.close());
    if (why === undefined) return;
    const memory = (await oomKills(run.target, run.container)) > 0;
    died ||= DIED.test(why);
    if (died && !memory && performance.now() + POLL_MS < deadline) {
      // Not where it keeps dying.
      mustRun(run, await inspect(run.target, run.container));
      await sleep(POLL_MS);
      continue;
    }
    const words = `${why}${memory ? `; ${MEMORY}` : ""}`;
    throw unanswered(run, deadline, { model: model.name, over: kind, port, why: words, fix: fixOf(why) });
  }
}

/**
 * What is said where a model's process had no processor time for a second, which Triton takes for its death: the next call may find it
 * well, or Triton may end over it, and Docker starts it again.
 */
const DIED = /^UNAVAILABLE|Stub process '\S+' is not healthy/;

/** Makes one call; undefined where it was answered. */
async function whyNot(client: Client, model: GateModel, deadline: number): Promise<string | undefined> {
  // The first answer may load kernels: it has all that is left of the gate's time.
  const timeoutMs = Math.max(1, deadline - performance.now());
  const data = new Uint8Array(IMAGE_SIZE * IMAGE_SIZE * 3).fill(127);
  const inputs = { [model.input]: { dtype: "DT_UINT8", shape: [1, IMAGE_SIZE, IMAGE_SIZE, 3], data } } as const;
  try {
    await client.open(timeoutMs);
  } catch (error) {
    return messageOf(error);
  }
  const result = await client.call({ model: model.name, version: model.version, inputs, timeoutMs });
  if (!result.ok) return `${result.error.code}: ${show(result.error.message).slice(0, 600)}`;
  return Object.keys(result.outputs).length === 0 ? "the answer has no outputs" : undefined;
}

/** What to do about words of Triton's. Pure. */
export function fixOf(words: string): string | undefined {
  if (!/shared memory/i.test(words)) return undefined;
  return "give its processes more shared memory: npx lathe pulumi config set --path lathe:settings.sharedMemoryMiB MIB";
}

/** Throws where a running model is configured otherwise than the settings say. */
export async function checkConfigs(run: GateRun): Promise<void> {
  const { configured } = run.serving as Serving;
  for (const { name, version } of run.models) {
    const { maxBatch, instances, batching } = await servedConfig(grpcOf(run, 10_000), name, version);
    const has: Record<string, string> = {
      "instance_group.count": `${instances}`,
      max_batch_size: `${maxBatch}`,
      "dynamic_batching.preferred_batch_size": batching?.preferred.join(",") ?? "",
      "dynamic_batching.max_queue_delay_microseconds": `${batching?.delayMicros ?? 0}`,
    };
    for (const [key, wanted] of Object.entries(configured)) {
      if (has[key] === wanted) continue;
      throw new UserError({
        what: `model ${name} version ${version}: ${key} is ${has[key]} in the running server`,
        expected: wanted,
        fix: "somebody changed its config.pbtxt on the machine: docker rm -f the container there, then `npx lathe up --refresh`",
      });
    }
  }
}

function grpcOf(run: GateRun, timeoutMs: number): TritonPeer {
  const endpoint = endpointOf(run, "grpc");
  if (endpoint === undefined) throw new Error(`${run.container} has no gRPC endpoint`);
  return { address: run.address, port: endpoint.port, security: endpoint.client, timeoutMs };
}
