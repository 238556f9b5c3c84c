import { setTimeout as sleep } from "node:timers/promises";
import { plainRestClient } from "../../../clients/plain-rest/client.ts";
import { UserError, messageOf } from "../../../lib/errors.ts";
import { inspect, mustRun } from "../../gate/inspect.ts";
import { endpointOf, type GateModel, type GateRun } from "../../gate/spec.ts";
import { mustHaveMemory, whyNoAnswer } from "../../gate/why-no-answer.ts";
import { WORKERS } from "./settings.ts";

const POLL_MS = 500;
/** Side of the test image, in pixels. */
const IMAGE_SIZE = 64;
/** Connections at once for each worker that has not answered yet: which worker takes one, the kernel decides. */
const TRIES = 4;
/** Milliseconds that the first tries wait for an answer, each next ones twice as long: whether the server lives is asked in between. */
const FIRST_WAIT_MS = 2000;

/** What came of one request over a connection of its own. */
type Tried = { readonly worker: number | undefined } | { readonly code: string; readonly why: string };

/**
 * Waits until every worker has answered a request for a model: each has models of its own, and loads them before it answers anyone.
 *
 * @throws UserError where a worker says that the model cannot be loaded, or the deadline passes first
 */
export async function ready(run: GateRun, model: GateModel, deadline: number): Promise<void> {
  const workers = Number(run.env[WORKERS] ?? 1);
  const seen = new Set<number>();
  let waitMs = FIRST_WAIT_MS;
  for (let last = "no answer yet"; ; await sleep(POLL_MS), waitMs *= 2) {
    const left = deadline - performance.now();
    if (left <= 0) throw await late(run, model, `${seen.size} of ${workers} workers have answered; ${last}`);
    const tries = Array.from({ length: TRIES * (workers - seen.size) }, () => ask(run, model, Math.min(left, waitMs)));
    for (const tried of await Promise.all(tries)) {
      if ("worker" in tried) seen.add(tried.worker ?? 0);
      else if (!["UNAVAILABLE", "DEADLINE_EXCEEDED"].includes(tried.code))
        throw new UserError({ what: `model ${model.name} does not predict: ${tried.code}: ${tried.why}` });
      else last = tried.why;
    }
    if (seen.size >= workers) return;
    mustRun(run, await inspect(run.target, run.container));
    await mustHaveMemory(run);
  }
}

async function late(run: GateRun, model: GateModel, why: string): Promise<UserError> {
  const what = `model ${model.name} is not served by all workers after ${run.timeoutSeconds} s (${why})`;
  return new UserError({ what, fix: await whyNoAnswer(run) });
}

/** Asks a model for its answer to a small grey image. */
async function ask(run: GateRun, model: GateModel, timeoutMs: number): Promise<Tried> {
  const { port = 0, client: security } = endpointOf(run, "rest") ?? {};
  const client = plainRestClient(run.address, port, security);
  const shape = [1, IMAGE_SIZE, IMAGE_SIZE, 3];
  const data = new Uint8Array(IMAGE_SIZE * IMAGE_SIZE * 3).fill(127);
  try {
    await client.open(timeoutMs);
    const inputs = { [model.input]: { dtype: "DT_UINT8", shape, data } } as const;
    const { name, version, signature } = model;
    const result = await client.call({ model: name, version, signature, inputs, timeoutMs });
    if (!result.ok) return { code: result.error.code, why: result.error.message };
    if (Object.keys(result.outputs).length === 0) return { code: "INTERNAL", why: "the answer has no outputs" };
    return { worker: client.worker };
  } catch (error) {
    return { code: "UNAVAILABLE", why: messageOf(error) };
  } finally {
    await client.close();
  }
}
