import { setTimeout as sleep } from "node:timers/promises";
import { clientKind } from "../../../clients/registry.ts";
import { UserError, messageOf } from "../../../lib/errors.ts";
import { inspect, lastLogLines, mustRun } from "../../gate/inspect.ts";
import type { GateEndpoint, GateModel, GateRun } from "../../gate/spec.ts";
import { unanswered, whyNoAnswer } from "../../gate/why-no-answer.ts";
import { runOn } from "../../hosts/connection/run.ts";
import { LOOK, Serving } from "./container.ts";
import { loadFailure, ranOutOfMemory, readDescribed, type Answer, type Described } from "./described.ts";

const POLL_MS = 1000;
const ASK_MS = 15_000;
/** Enough for the traceback of a worker that died. */
const LOG_LINES = 200;
/** Side of the test image, in pixels. */
const IMAGE_SIZE = 64;
/** The client kind that makes the first predictions, by protocol. */
const SMOKE: Readonly<Record<string, string>> = { grpc: "torchserve-grpc", rest: "torchserve-rest-pixels" };

/** Waits until each worker of a model has loaded the version that was delivered, as the management API tells inside the container. */
export async function ready(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  const serving = Serving.parse(run.serving);
  const folder = serving.folders[model.name];
  for (let last = "no answer yet"; ; await sleep(POLL_MS)) {
    if (performance.now() > deadline)
      throw new UserError({
        what: `model ${model.name} is not served by ${workers(serving.workers)} after ${run.timeoutSeconds} s (${last})`,
        fix: await whyNoAnswer(run),
      });
    const { events, answer } = await look(run, model.name);
    if (answer.is === "refused") throw new UserError({ what: `model ${model.name} cannot be served: ${answer.why}` });
    if (answer.is === "described") {
      const { model: found } = answer;
      differs(model, found, serving, folder);
      const loaded = found.workers.filter(({ status }) => status === "READY").length;
      if (loaded === serving.workers && found.workers.length === loaded) return;
      if (ranOutOfMemory(events))
        throw new UserError({ what: `a worker of ${run.container} was killed: out of memory: raise lathe:memoryMiB` });
      last = `${loaded} of ${workers(serving.workers)} have loaded it`;
      const why = loadFailure(await lastLogLines(run.target, run.container, LOG_LINES), model.name);
      if (why !== undefined) throw new UserError({ what: `model ${model.name} cannot be loaded: ${why}` });
    } else last = answer.why;
    mustRun(run, await inspect(run.target, run.container));
  }
}

async function look({ target, container }: GateRun, model: string): Promise<{ events: string; answer: Answer }> {
  const inside = ["timeout", "10", "bash", "-c", LOOK, "bash", encodeURIComponent(model)];
  const { stdout } = await runOn(target, ["docker", "exec", container, ...inside], { timeoutMs: ASK_MS });
  const [events = "", ...answer] = stdout.split("@@\n");
  return { events, answer: readDescribed(answer.join("@@\n")) };
}

/** Throws where the server serves something else than the plan says: another version, other batches. */
function differs(model: GateModel, found: Described, serving: Serving, folder: string | undefined): void {
  const wrong = (what: string, is: string | number, expected: string | number) =>
    new UserError({ what: `model ${model.name}: the server's ${what} is ${is}`, expected: `${expected}` });
  // A server of this kind serves one version of a model: a canary has no folder of its own here.
  if (folder === undefined || found.modelUrl !== folder || !folder.endsWith(`/${model.version}`))
    throw new UserError({
      what: `model ${model.name}: version ${model.version} is not served; the server has ${found.modelUrl}`,
      expected: "one version of each model, without a canary",
      fix: "take `canary` out of lathe:models",
    });
  if (found.batchSize !== serving.batchSize) throw wrong("batchSize", found.batchSize, serving.batchSize);
  if (found.maxBatchDelay !== serving.batchDelayMs)
    throw wrong("maxBatchDelay", found.maxBatchDelay, serving.batchDelayMs);
}

const workers = (count: number): string => (count === 1 ? "its worker" : `${count} workers`);

/** As many predictions at a time as the model has workers, at each open endpoint: none of them may fail. */
export async function smoke(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  const { workers: count } = Serving.parse(run.serving);
  for (const endpoint of run.endpoints)
    await Promise.all(Array.from({ length: count }, () => predict(run, endpoint, model, deadline)));
}

async function predict(run: GateRun, endpoint: GateEndpoint, model: GateModel, deadline: number): Promise<void> {
  const kind = SMOKE[endpoint.protocol] ?? endpoint.protocol;
  const client = clientKind(kind).create(run.address, endpoint.port, endpoint.client);
  const timeoutMs = Math.max(1, deadline - performance.now());
  const { port } = endpoint;
  const failed = (why: string) => unanswered(run, deadline, { model: model.name, over: kind, port, why });
  try {
    await client.open(timeoutMs).catch((error: unknown) => {
      throw failed(messageOf(error));
    });
    const shape = [1, IMAGE_SIZE, IMAGE_SIZE, 3];
    const data = new Uint8Array(IMAGE_SIZE * IMAGE_SIZE * 3).fill(127);
    const inputs = { [model.input]: { dtype: "DT_UINT8", shape, data } } as const;
    const result = await client.call({ model: model.name, inputs, timeoutMs });
    if (!result.ok) throw failed(`${result.error.code}: ${result.error.message}`);
    if (Object.keys(result.outputs).length === 0) throw failed("the answer has no outputs");
  } finally {
    await client.close();
  }
}
