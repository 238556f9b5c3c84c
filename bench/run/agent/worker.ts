import type { Client, ClientKind, PredictRequest, Tensor } from "../../../clients/client.ts";
import { clientKinds } from "../../../clients/registry.ts";
import { messageOf } from "../../../lib/errors.ts";
import { realClock } from "../../loads/clock.ts";
import type { LoadMode } from "../../loads/load.ts";
import { LOAD_MODES, type LoadModes } from "../../loads/registry.ts";
import { Connections } from "./connections.ts";
import { type VisitCalls, type WorkerTools, measure } from "./measure.ts";
import { metricsReader } from "./metrics.ts";
import type { FromWorker, ToWorker, VisitMessage, VisitedMessage } from "./protocol.ts";
import { VisitFault } from "./outcomes.ts";
import { tcpReader } from "./tcp/read.ts";
import { tcpWatch } from "./tcp/watch.ts";
import { warmUp } from "./warmup.ts";
import { processWatch } from "./watch.ts";

/** What a worker takes from its process; replaced in tests. */
export interface WorkerWorld extends Omit<WorkerTools, "emit"> {
  readonly kinds: readonly ClientKind[];
  readonly modes: LoadModes;
}

/** An image in each form that client kinds send. */
type Image = Readonly<Record<ClientKind["input"], Tensor>>;

/**
 * Makes the calls of visits, one visit after the other, and reports what came of each. One lives on every client machine.
 * Outcomes are emitted between calls, never inside the timed region: where calls overlap, that is when the visit is over.
 */
export class Worker {
  readonly #tools: WorkerTools;
  readonly #world: Pick<WorkerWorld, "kinds" | "modes">;
  readonly #images = new Map<string, Image>();
  readonly #connections = new Connections();
  /** Clients that have made a call. */
  readonly #called = new WeakSet<Client>();

  /** @param emit gets each outcome as it is known */
  constructor(emit: (message: FromWorker) => void, world: Partial<WorkerWorld> = {}) {
    const { kinds = clientKinds, modes = LOAD_MODES, clock = realClock, watch, metrics, tcp } = world;
    const readers = { metrics: metrics ?? metricsReader(), tcp: tcp ?? tcpReader() };
    this.#tools = { emit, clock, watch: watch ?? processWatch(), ...readers };
    this.#world = { kinds, modes };
  }

  /** Handles one message; resolves when all of its outcomes were emitted. Messages must not overlap. */
  async handle(message: ToWorker): Promise<void> {
    switch (message.type) {
      case "image": {
        const pixels = Buffer.from(message.rgb, "base64");
        this.#images.set(message.name, {
          pixels: { dtype: "DT_UINT8", shape: [1, message.height, message.width, 3], data: pixels },
          file: { dtype: "DT_STRING", shape: [1], data: [Buffer.from(message.file, "base64")] },
        });
        return;
      }
      case "security":
        return this.#connections.protect(message.name, message.security);
      case "visit":
        return this.#visit(message);
      case "close":
        await this.#connections.close();
        await this.#tools.metrics.close();
        await this.#tools.tcp.close();
    }
  }

  async #visit(visit: VisitMessage): Promise<void> {
    if (visit.anew === true) await this.#connections.drop(visit);
    // Whatever it is: the visits that come after it are of other servers.
    const outcome = await this.#outcome(visit).catch((error: unknown) => ({ error: faultOf(error) }));
    // A connection that saw a failure may be broken: the next visit starts with a new one.
    if (outcome.error !== undefined) await this.#connections.drop(visit);
    this.#tools.emit({ type: "visited", visit: visit.visit, ...outcome });
  }

  async #outcome(visit: VisitMessage): Promise<Omit<VisitedMessage, "type" | "visit">> {
    const { kind, ...calls } = this.#calls(visit);
    const connections = calls.mode.connections(visit.load);
    const open = (count: number) => this.#connections.to(visit, kind, count);
    const warmup = await warmUp(visit, { ...calls, connections, open }, this.#tools);
    const clients = await open(connections);
    return { warmup, ...(visit.calls === 0 ? {} : await measure(visit, { ...calls, clients }, this.#tools)) };
  }

  #calls(visit: VisitMessage): Omit<VisitCalls, "clients"> & { readonly kind: ClientKind } {
    const kind = found(
      this.#world.kinds.find((k) => k.name === visit.client),
      `client "${visit.client}"`,
    );
    const image = found(this.#images.get(visit.image), `image "${visit.image}"`);
    const mode = found(
      this.#world.modes.find((m) => m.mode === visit.load.mode) as LoadMode | undefined,
      `load mode "${visit.load.mode}"`,
    );
    const { address, metrics } = visit;
    const page = metrics && { ...metrics, address, security: this.#connections.security(metrics.security) };
    const tcp = tcpWatch(visit, this.#tools.tcp, this.#called, () => this.#tools.clock.now());
    return { kind, mode, request: predictRequest(visit, kind, image), page, tcp };
  }
}

function faultOf(error: unknown): VisitFault["error"] {
  return error instanceof VisitFault ? error.error : { code: "INTERNAL", message: messageOf(error), opening: false };
}

function found<T>(thing: T | undefined, what: string): T {
  if (thing !== undefined) return thing;
  throw new VisitFault("INTERNAL", `this worker has no ${what}`, false);
}

function predictRequest(visit: VisitMessage, kind: ClientKind, image: Image): PredictRequest {
  return {
    model: visit.model,
    ...(visit.version === undefined ? {} : { version: visit.version }),
    signature: kind.input === "file" ? "serving_bytes" : "serving_default",
    inputs: { inputs: image[kind.input] },
    timeoutMs: visit.timeoutMs,
  };
}
