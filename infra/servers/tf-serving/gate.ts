import { setTimeout as sleep } from "node:timers/promises";
import { clientKind } from "../../../clients/registry.ts";
import { modelStatus, versionOfLabel, type StatusQuery } from "../../../clients/tf-serving/status.ts";
import { UserError, messageOf } from "../../../lib/errors.ts";
import { inspect, mustRun } from "../../gate/inspect.ts";
import { endpointOf, type GateModel, type GateRun } from "../../gate/spec.ts";
import { unanswered, whyNoAnswer } from "../../gate/why-no-answer.ts";
import { servingOf } from "./models-config.ts";

const POLL_MS = 1000;
/** Side of the test image, in pixels. */
const IMAGE_SIZE = 64;
/** The client kind that asks for the first predict, by protocol. */
const SMOKE = { grpc: "probe", rest: "rest" } as const;

/** Waits until a model's version is AVAILABLE, as REST tells it, or gRPC where REST is closed. */
export async function ready(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  const way = wayOf(run, "rest") ?? grpcOf(run);
  let last = "no answer yet";
  for (;;) {
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new UserError({
        what: `model ${model.name} is not AVAILABLE after ${run.timeoutSeconds} s (${last})`,
        expected: `version ${model.version} AVAILABLE at ${run.address}:${way.port}`,
        fix: await whyNoAnswer(run),
      });
    }
    const asked = await modelStatus({ ...way, model: model.name, timeoutMs: Math.min(5_000, left) });
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
    mustRun(run, await inspect(run.target, run.container));
    await sleep(POLL_MS);
  }
}

/** Asks a model for one predict of a small grey image over each open protocol. */
export async function smoke(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  for (const protocol of ["grpc", "rest"] as const) {
    const way = wayOf(run, protocol);
    if (way !== undefined) await predict(run, way, model, deadline);
  }
}

/** Throws where a label does not lead to the version that the stack says. */
export async function checkLabels(run: GateRun): Promise<void> {
  for (const { name, labels } of servingOf(run).models) {
    for (const [label, version] of Object.entries(labels)) {
      const asked = await versionOfLabel({ ...grpcOf(run), model: name, label, timeoutMs: 10_000 });
      const is = asked.ok ? `version ${asked.value}` : `${asked.error.code}: ${asked.error.message}`;
      if (!asked.ok || asked.value !== version)
        throw new UserError({ what: `model ${name}: label ${label} leads to ${is}`, expected: `version ${version}` });
    }
  }
}

type Way = Pick<StatusQuery, "protocol" | "address" | "port" | "security">;

/** Where gRPC answers: it is never closed, and some calls are there only. */
export function grpcOf(run: GateRun): Way {
  const way = wayOf(run, "grpc");
  if (way === undefined) throw new Error(`${run.container} has no gRPC endpoint`);
  return way;
}

function wayOf(run: GateRun, protocol: Way["protocol"]): Way | undefined {
  const endpoint = endpointOf(run, protocol);
  if (endpoint === undefined) return undefined;
  return { protocol, address: run.address, port: endpoint.port, security: endpoint.client };
}

async function predict(run: GateRun, way: Way, model: GateModel, deadline: number): Promise<void> {
  const { protocol, address, port, security } = way;
  const kind = SMOKE[protocol];
  const client = clientKind(kind).create(address, port, security);
  // The first predict may load kernels and run warm-up requests: it has all that is left of the gate's time.
  const timeoutMs = Math.max(1, deadline - performance.now());
  const failed = (why: string) => unanswered(run, deadline, { model: model.name, over: kind, port, why });
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
