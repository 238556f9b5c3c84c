import { setTimeout as sleep } from "node:timers/promises";
import type { ClientKind } from "../../../clients/client.ts";
import { clientKinds } from "../../../clients/registry.ts";
import { modelStatus } from "../../../clients/tf-serving/status.ts";
import { UserError, messageOf } from "../../../lib/errors.ts";
import { mustRunOn } from "../../hosts/connection/remote.ts";
import { apisOf } from "../../outputs.ts";
import { inspect, mustRun } from "../../gate/inspect.ts";
import { endpointOf, type GateEndpoint, type GateModel, type GateRun } from "../../gate/spec.ts";
import { unanswered, whyNoAnswer } from "../../gate/why-no-answer.ts";
import { CONFIG_FILE, type Serving } from "./container.ts";

const POLL_MS = 1000;
/** Side of the test image, in pixels. */
const IMAGE_SIZE = 64;

/** Waits until a model's version is AVAILABLE; of one that could not be loaded the server tells so at once. */
export async function ready(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  const protocol = endpointOf(run, "rest") === undefined ? "grpc" : "rest";
  const { port, client: security } = found(endpointOf(run, protocol), run);
  for (let last = "no answer yet"; ; await sleep(POLL_MS)) {
    const left = deadline - performance.now();
    if (left <= 0)
      throw new UserError({
        what: `model ${model.name} is not AVAILABLE after ${run.timeoutSeconds} s (${last})`,
        expected: `version ${model.version} AVAILABLE at ${run.address}:${port}`,
        fix: await whyNoAnswer(run),
      });
    const way = { protocol, address: run.address, port, security } as const;
    const asked = await modelStatus({ ...way, model: model.name, timeoutMs: Math.min(5_000, left) });
    if (asked.ok) {
      const version = asked.value.find((v) => v.version === model.version);
      if (version?.state === "AVAILABLE") return;
      // The server tries a model once; the reason is in its log, which the gate shows.
      if (version !== undefined && version.code !== "OK")
        throw new UserError({ what: `model ${model.name} version ${model.version} cannot be loaded: ${version.code}` });
      last = version === undefined ? `version ${model.version} is not there` : `it is ${version.state}`;
    } else last = `${asked.error.code}: ${asked.error.message}`;
    mustRun(run, await inspect(run.target, run.container));
  }
}

/** Asks a model for one answer to a small grey image at each open endpoint, by each API that it speaks. */
export async function smoke(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  for (const endpoint of run.endpoints)
    for (const kind of clientKinds.filter((k) => k.isDefault && k.protocol === endpoint.protocol))
      if (apisOf(endpoint).includes(kind.api)) await predict(run, endpoint, kind, model, deadline);
}

async function predict(
  run: GateRun,
  { port, client: security }: GateEndpoint,
  kind: ClientKind,
  model: GateModel,
  deadline: number,
): Promise<void> {
  const failed = (why: string) => unanswered(run, deadline, { model: model.name, over: kind.name, port, why });
  const client = kind.create(run.address, port, security);
  const timeoutMs = Math.max(1, deadline - performance.now());
  const shape = [1, IMAGE_SIZE, IMAGE_SIZE, 3];
  const image = { dtype: "DT_UINT8", shape, data: new Uint8Array(IMAGE_SIZE * IMAGE_SIZE * 3).fill(127) } as const;
  try {
    await client.open(timeoutMs).catch((error: unknown) => {
      throw failed(messageOf(error));
    });
    const { name, version, signature, input } = model;
    const result = await client.call({ model: name, version, signature, inputs: { [input]: image }, timeoutMs });
    if (!result.ok) throw failed(`${result.error.code}: ${result.error.message}`);
    if (Object.keys(result.outputs).length === 0) throw failed("the answer has no outputs");
  } finally {
    await client.close();
  }
}

/** Throws where the config file that the server has read is another than was planned: its settings are then not those that are shown. */
export async function readsItsConfig(run: GateRun): Promise<void> {
  const path = `${run.workspace}/models/${CONFIG_FILE}`;
  const text = await mustRunOn(run.target, ["cat", path], `read ${path}`);
  if (text === (run.serving as Serving).config) return;
  throw new UserError({
    what: `${path} is not as Lathe wrote it: the server may have read other settings than it is said to have`,
    fix: "take the changes back (lathe:settings sets these values), or remove the file and run npx lathe up --refresh",
  });
}

function found(endpoint: GateEndpoint | undefined, { container }: GateRun): GateEndpoint {
  if (endpoint === undefined) throw new Error(`${container} has no gRPC endpoint`);
  return endpoint;
}
