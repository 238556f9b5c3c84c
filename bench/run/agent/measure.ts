import type { CallError, Client, PredictRequest } from "../../../clients/client.ts";
import type { Clock } from "../../loads/clock.ts";
import type { LoadCall, LoadMode } from "../../loads/load.ts";
import type { MetricsPage, MetricsReader } from "./metrics.ts";
import { CallLog } from "./log/call-log.ts";
import { answerMessage, callMessage } from "./outcomes.ts";
import type { ClientWatch, FromWorker, ServerReading, VisitMessage, VisitedMessage } from "./protocol.ts";
import { type TcpReader, shortestRtt } from "./tcp/read.ts";
import { readConnections, type TcpWatch } from "./tcp/watch.ts";
import type { Watch } from "./watch.ts";

/** What a visit's calls are made with: open connections, and the page where the server's own clock is read, if it is. */
export interface VisitCalls {
  readonly mode: LoadMode;
  readonly clients: readonly Client[];
  readonly request: PredictRequest;
  readonly page: MetricsPage | undefined;
  readonly tcp: TcpWatch;
}

export interface WorkerTools {
  readonly clock: Clock;
  readonly watch: Watch;
  readonly metrics: MetricsReader;
  readonly tcp: TcpReader;
  readonly emit: (message: FromWorker) => void;
}

/**
 * Makes a visit's measured calls and reports them: after each call, or after the last where they overlap or are due at times of their
 * own. Server and process are looked at before the first and after the last: no work lies between calls that they could wait for.
 */
export async function measure(
  visit: VisitMessage,
  { mode, clients, request, page, tcp }: VisitCalls,
  { clock, watch, metrics, emit, tcp: reader }: WorkerTools,
): Promise<Pick<VisitedMessage, "client" | "server" | "error" | "minRttMs">> {
  const held = clients.length > 1 || mode.isOpen === true ? new CallLog() : undefined;
  let heldAnswer: FromWorker | undefined;
  // Between calls that overlap there is no time to read their connections in.
  const alone = mode.isPlain(visit.load);
  let answerDue = visit.keepAnswer;
  let ownWorkMs = 0;
  let failure: CallError | undefined;
  let beganAt = 0;
  const report = (call: LoadCall) =>
    emit(
      callMessage(visit.visit, call.leadIn ? "warmup" : "measure", call, clock, {
        beganAt,
        tcp: alone ? tcp.last() : undefined,
      }),
    );
  const done = (call: LoadCall) => {
    const { result } = call;
    if (held === undefined) report(call);
    else held.add(call);
    if (!result.ok) return void (failure ??= result.error);
    if (call.leadIn) return;
    ownWorkMs = Math.max(ownWorkMs, result.timing.encodeMs ?? 0, result.timing.decodeMs ?? 0);
    if (!answerDue) return;
    answerDue = false;
    const answer = answerMessage(visit.visit, result.outputs);
    if (held === undefined) emit(answer);
    else heldAnswer = answer;
  };
  const readAgain = page && (await metrics.read(page, visit.model));
  watch.start();
  const spunBefore = clock.spunMs();
  const call = (connection: number) => {
    const client = clients[connection] as Client;
    return alone ? tcp.call(client, request) : client.call(request);
  };
  let client: ClientWatch;
  try {
    beganAt = clock.now();
    await mode.run(visit.load, visit, { call, done, clock });
  } finally {
    client = await watch.stop(ownWorkMs, clock.spunMs() - spunBefore);
  }
  const rtt = visit.roundTrip === true ? shortestRtt(await readConnections(reader, visit)) : undefined;
  const server = readAgain ? told(await readAgain(), visit.leadIn > 0) : undefined;
  for (const call of held?.calls() ?? []) report(call);
  if (heldAnswer !== undefined) emit(heldAnswer);
  return {
    ...{ client, ...(server && { server }), ...(rtt !== undefined && { minRttMs: rtt }) },
    ...(failure && { error: { ...failure, opening: false } }),
  };
}

/** With a lead-in the server's totals hold other calls, too: then its queue alone says something. */
function told(reading: ServerReading, leadIn: boolean): ServerReading | undefined {
  if (!leadIn) return reading;
  return "queue" in reading && reading.queue !== undefined ? { ...reading, leadIn } : undefined;
}
