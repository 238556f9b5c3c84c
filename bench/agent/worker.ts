import { messageOf } from "../../lib/errors.ts";
import type { CallResult, Client, ClientKind, PredictRequest, Tensor } from "../clients/client.ts";
import { clientKinds } from "../clients/index.ts";
import type { CallMessage, FromWorker, ToWorker, VisitMessage } from "./protocol.ts";

interface Image {
  readonly pixels: Tensor;
  readonly file: Tensor;
}

/** Makes the calls of visits, one after the other, and says what came of each. One lives on every client machine. */
export interface Worker {
  /** Handles one message; resolves when all of its outcomes were emitted. Messages must not overlap. */
  handle(message: ToWorker): Promise<void>;
}

/**
 * A worker that reports through `emit`. Outcomes are emitted between calls, never inside the timed region.
 *
 * @param emit gets each outcome as it is known
 * @param kinds the client kinds by name
 */
export function createWorker(emit: (message: FromWorker) => void, kinds: readonly ClientKind[] = clientKinds): Worker {
  const images = new Map<string, Image>();
  const connections = new Map<string, Client>();

  async function connection(visit: VisitMessage, kind: ClientKind): Promise<Client> {
    const key = `${kind.name} ${visit.address}:${visit.port}`;
    const open = connections.get(key);
    if (open !== undefined) return open;
    const client = kind.create(visit.address, visit.port);
    await client.open(Math.min(visit.timeoutMs, 10_000));
    connections.set(key, client);
    return client;
  }

  async function drop(visit: VisitMessage): Promise<void> {
    const key = `${visit.clientKind} ${visit.address}:${visit.port}`;
    const client = connections.get(key);
    connections.delete(key);
    await client?.close().catch(() => {});
  }

  async function visit(message: VisitMessage): Promise<void> {
    const done = (error?: { code: string; message: string; opening: boolean }) =>
      emit({ type: "visited", visit: message.visit, ...(error === undefined ? {} : { error }) });
    const kind = kinds.find((k) => k.name === message.clientKind);
    const image = images.get(message.image);
    if (kind === undefined || image === undefined) {
      const what = kind === undefined ? `client "${message.clientKind}"` : `image "${message.image}"`;
      return done({ code: "INTERNAL", message: `this worker has no ${what}`, opening: false });
    }
    let client: Client;
    try {
      client = await connection(message, kind);
    } catch (error) {
      return done({ code: "UNAVAILABLE", message: messageOf(error), opening: true });
    }
    const request = predictRequest(message, kind, image);
    let answerDue = message.keepAnswer;
    let measuringSince = 0;
    for (let i = 0; i < message.warmup + message.calls; i++) {
      const phase = i < message.warmup ? "warmup" : "measure";
      if (i === message.warmup) measuringSince = performance.now();
      if (i > message.warmup && performance.now() - measuringSince > message.blockMs) break;
      const at = new Date().toISOString();
      const result = await client.call(request);
      emit(callMessage(message.visit, phase, at, result));
      if (!result.ok) {
        // A connection that saw a failure may be broken: the next visit starts with a new one.
        await drop(message);
        return done({ ...result.error, opening: false });
      }
      if (answerDue && phase === "measure") {
        answerDue = false;
        emit({ type: "answer", visit: message.visit, outputs: plainOutputs(result.outputs) });
      }
    }
    done();
  }

  return {
    async handle(message) {
      if (message.type === "image") {
        const rgb = Buffer.from(message.rgb, "base64");
        images.set(message.name, {
          pixels: { dtype: "DT_UINT8", shape: [1, message.height, message.width, 3], data: rgb },
          file: { dtype: "DT_STRING", shape: [1], data: [Buffer.from(message.file, "base64")] },
        });
      } else if (message.type === "visit") {
        await visit(message);
      } else {
        await Promise.all([...connections.values()].map((client) => client.close().catch(() => {})));
        connections.clear();
      }
    },
  };
}

function predictRequest(visit: VisitMessage, kind: ClientKind, image: Image): PredictRequest {
  return {
    model: visit.model,
    signature: kind.input === "file" ? "serving_bytes" : "serving_default",
    inputs: { inputs: kind.input === "file" ? image.file : image.pixels },
    timeoutMs: visit.timeoutMs,
  };
}

function callMessage(visit: number, phase: "warmup" | "measure", at: string, result: CallResult): CallMessage {
  const unseen = { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null };
  return result.ok
    ? {
        type: "call",
        visit,
        phase,
        at,
        ok: true,
        ...result.timing,
        requestBytes: result.requestBytes,
        responseBytes: result.responseBytes,
      }
    : {
        type: "call",
        visit,
        phase,
        at,
        ok: false,
        ...unseen,
        totalMs: result.totalMs,
        requestBytes: null,
        responseBytes: null,
        error: result.error,
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
