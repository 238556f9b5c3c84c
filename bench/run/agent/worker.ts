import { messageOf } from "../../../lib/errors.ts";
import type { CallResult, Client, ClientKind, PredictRequest, Tensor } from "../../../clients/client.ts";
import type { Security } from "../../../clients/security.ts";
import { clientKinds } from "../../../clients/registry.ts";
import { OPEN_MS } from "../../deadlines.ts";
import { type Clock, type LoopCall, measuredCalls, realClock } from "./calls.ts";
import { type MetricsReader, metricsReader } from "./metrics.ts";
import type { CallMessage, FromWorker, ToWorker, VisitMessage, VisitedMessage, WarmupReport } from "./protocol.ts";
import { warmedUp } from "./warmup.ts";
import { type Watch, processWatch } from "./watch.ts";

interface Image {
  readonly pixels: Tensor;
  readonly file: Tensor;
}

/** Makes the calls of visits, one visit after the other, and says what came of each. One lives on every client machine. */
export interface Worker {
  /** Handles one message; resolves when all of its outcomes were emitted. Messages must not overlap. */
  handle(message: ToWorker): Promise<void>;
}

/** What a worker takes from its process; replaced in tests. */
export interface WorkerWorld {
  readonly kinds: readonly ClientKind[];
  readonly clock: Clock;
  readonly watch: Watch;
  readonly metrics: MetricsReader;
}

/** Why a visit ends early; thrown and caught within this file alone. */
class VisitFault extends Error {
  readonly error: NonNullable<VisitedMessage["error"]>;

  constructor(error: NonNullable<VisitedMessage["error"]>) {
    super(error.message);
    this.error = error;
  }
}

/**
 * A worker that reports through `emit`. Outcomes are emitted between calls, never inside the timed region: where calls
 * overlap, that is when the visit is over.
 *
 * @param emit gets each outcome as it is known
 */
export function createWorker(emit: (message: FromWorker) => void, world: Partial<WorkerWorld> = {}): Worker {
  const { kinds = clientKinds, clock = realClock, watch = processWatch(), metrics = metricsReader() } = world;
  const images = new Map<string, Image>();
  const securities = new Map<string, Security>();
  const connections = new Map<string, Client>();
  const keyOf = (visit: VisitMessage, lane: number) => `${visit.clientKind} ${visit.address}:${visit.port} #${lane}`;

  function securityOf(name: string | undefined): Security | undefined {
    const security = name === undefined ? undefined : securities.get(name);
    if (security !== undefined || name === undefined) return security;
    throw new VisitFault({ code: "INTERNAL", message: `this worker was not told how to reach ${name}`, opening: true });
  }

  async function connection(visit: VisitMessage, kind: ClientKind, lane: number): Promise<Client> {
    const open = connections.get(keyOf(visit, lane));
    if (open !== undefined) return open;
    const client = kind.create(visit.address, visit.port, securityOf(visit.security));
    await client.open(Math.min(visit.timeoutMs, OPEN_MS)).catch((error: unknown) => {
      throw new VisitFault({ code: "UNAVAILABLE", message: messageOf(error), opening: true });
    });
    connections.set(keyOf(visit, lane), client);
    return client;
  }

  async function drop(visit: VisitMessage): Promise<void> {
    for (let lane = 0; lane < visit.concurrency; lane++) {
      const client = connections.get(keyOf(visit, lane));
      connections.delete(keyOf(visit, lane));
      await client?.close().catch(() => {});
    }
  }

  async function warmUp(visit: VisitMessage, clients: readonly Client[], request: PredictRequest) {
    const latencies: number[] = [];
    // Every connection is to be warm: each of them makes a call at least, where there is a warm-up at all.
    const atLeast = visit.warmup === 0 ? 0 : Math.max(visit.warmup, clients.length);
    const bounds = { atLeast, atMost: Math.max(visit.warmupAtMost, atLeast), maxMs: visit.blockMs };
    const startedAt = clock.now();
    for (;;) {
      const ended = warmedUp(latencies, clock.now() - startedAt, bounds);
      if (ended !== undefined) return { calls: latencies.length, ended } satisfies WarmupReport;
      const startAt = clock.now();
      const result = await (clients[latencies.length % clients.length] as Client).call(request);
      emit(callMessage(visit.visit, "warmup", { result, startAt, intendedAt: null, leadIn: true }, clock));
      if (!result.ok) throw new VisitFault({ ...result.error, opening: false });
      latencies.push(result.timing.totalMs);
    }
  }

  async function measure(
    visit: VisitMessage,
    clients: readonly Client[],
    request: PredictRequest,
    protocol: ClientKind["protocol"],
  ) {
    const overlap = clients.length > 1;
    const held: FromWorker[] = [];
    const say = (message: FromWorker) => (overlap ? held.push(message) : emit(message));
    let answerDue = visit.keepAnswer;
    let ownWorkMs = 0;
    let failure: CallResult | undefined;
    // Before the first measured call and after the last: the server's clock is looked at outside of all that is timed.
    const { metrics: at } = visit;
    const place = at && { address: visit.address, port: at.port, path: at.path, security: securityOf(at.security) };
    // With a lead-in the server would tell of other calls, too.
    const lookAgain = place && !visit.leadIn && (await metrics.look(place, visit.model, protocol));
    watch.start();
    await measuredCalls(
      visit,
      (lane) => (clients[lane] as Client).call(request),
      (call) => {
        say(callMessage(visit.visit, call.leadIn ? "warmup" : "measure", call, clock));
        if (!call.result.ok) return void (failure ??= call.result);
        if (call.leadIn) return;
        const { encodeMs, decodeMs } = call.result.timing;
        ownWorkMs = Math.max(ownWorkMs, encodeMs ?? 0, decodeMs ?? 0);
        if (!answerDue) return;
        answerDue = false;
        say({ type: "answer", visit: visit.visit, outputs: plainOutputs(call.result.outputs) });
      },
      clock,
    );
    const client = await watch.stop(ownWorkMs);
    const server = lookAgain ? await lookAgain() : undefined;
    held.forEach(emit);
    return {
      client,
      ...(server && { server }),
      ...(failure?.ok === false ? { error: { ...failure.error, opening: false } } : {}),
    };
  }

  async function makeVisit(visit: VisitMessage): Promise<Omit<VisitedMessage, "type" | "visit">> {
    const kind = kinds.find((k) => k.name === visit.clientKind);
    const image = images.get(visit.image);
    if (kind === undefined || image === undefined) {
      const what = kind === undefined ? `client "${visit.clientKind}"` : `image "${visit.image}"`;
      return { error: { code: "INTERNAL", message: `this worker has no ${what}`, opening: false } };
    }
    const request = predictRequest(visit, kind, image);
    const clients: Client[] = [];
    for (let lane = 0; lane < visit.concurrency; lane++) clients.push(await connection(visit, kind, lane));
    const warmup = await warmUp(visit, clients, request);
    return { warmup, ...(visit.calls === 0 ? {} : await measure(visit, clients, request, kind.protocol)) };
  }

  async function visit(message: VisitMessage): Promise<void> {
    const outcome = await makeVisit(message).catch((error: unknown) => {
      if (error instanceof VisitFault) return { error: error.error };
      throw error;
    });
    // A connection that saw a failure may be broken: the next visit starts with a new one.
    if (outcome.error !== undefined) await drop(message);
    emit({ type: "visited", visit: message.visit, ...outcome });
  }

  return {
    async handle(message) {
      if (message.type === "image") {
        const rgb = Buffer.from(message.rgb, "base64");
        images.set(message.name, {
          pixels: { dtype: "DT_UINT8", shape: [1, message.height, message.width, 3], data: rgb },
          file: { dtype: "DT_STRING", shape: [1], data: [Buffer.from(message.file, "base64")] },
        });
      } else if (message.type === "security") {
        securities.set(message.name, message.security);
      } else if (message.type === "visit") {
        await visit(message);
      } else {
        await Promise.all([...connections.values()].map((client) => client.close().catch(() => {})));
        connections.clear();
        await metrics.close();
      }
    },
  };
}

function predictRequest(visit: VisitMessage, kind: ClientKind, image: Image): PredictRequest {
  return {
    model: visit.model,
    ...(visit.version === undefined ? {} : { version: visit.version }),
    signature: kind.input === "file" ? "serving_bytes" : "serving_default",
    inputs: { inputs: kind.input === "file" ? image.file : image.pixels },
    timeoutMs: visit.timeoutMs,
  };
}

/** A call as it is reported. Latencies of an open loop count from when the call was due. */
function callMessage(visit: number, phase: "warmup" | "measure", call: LoopCall, clock: Clock): CallMessage {
  const { result, startAt, intendedAt } = call;
  const wall = (at: number) => new Date(Date.now() - (clock.now() - at)).toISOString();
  const lateMs = intendedAt === null ? 0 : Math.max(0, startAt - intendedAt);
  const unseen = { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null };
  return {
    type: "call",
    visit,
    phase,
    at: wall(startAt),
    ...(intendedAt === null ? {} : { intendedAt: wall(intendedAt), lateMs }),
    ok: result.ok,
    ...(result.ok ? result.timing : unseen),
    totalMs: lateMs + (result.ok ? result.timing.totalMs : result.totalMs),
    requestBytes: result.ok ? result.requestBytes : null,
    responseBytes: result.ok ? result.responseBytes : null,
    ...(result.ok ? {} : { error: result.error }),
  };
}

function plainOutputs(outputs: Readonly<Record<string, Tensor>>) {
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([, t]) => t.dtype !== "DT_STRING")
      .map(([name, t]) => [
        name,
        { dtype: t.dtype, shape: [...t.shape], values: Array.from(t.data as ArrayLike<number | bigint>, Number) },
      ]),
  );
}
