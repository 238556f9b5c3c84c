import { Worker } from "./worker.ts";
import type {
  AnswerMessage,
  CallMessage,
  FromWorker,
  ImageMessage,
  SecurityMessage,
  ToWorker,
  VisitMessage,
  VisitedMessage,
} from "./protocol.ts";

/** What came of a visit besides its calls. */
export type VisitOutcome = Pick<VisitedMessage, "error" | "warmup" | "client" | "server" | "minRttMs">;

/** What a worker reports of a visit while it lasts. */
export type CallOutcome = CallMessage | AnswerMessage;

/** A worker somewhere: in this process, or an agent on another machine. */
export interface WorkerLink {
  sendImage(image: ImageMessage): Promise<void>;
  sendSecurity(security: SecurityMessage): Promise<void>;
  /**
   * Makes a visit; `onOutcome` sees each call as it is known. Resolves with how the visit went, and why it could not
   * go on if so. Rejects only where the worker itself is gone.
   */
  visit(message: VisitMessage, onOutcome: (m: CallOutcome) => void): Promise<VisitOutcome>;
  /** Whether the worker is gone: no further visit can be made by this link. */
  gone(): boolean;
  close(): Promise<void>;
}

/** Turns a stream of worker messages into answers to visits; shared by every kind of link. */
export class VisitTracker {
  #pending: (PromiseWithResolvers<VisitOutcome> & { visit: number; onOutcome: (m: CallOutcome) => void }) | undefined;

  /** Begins to wait for a visit's end. One at a time: a worker makes one call after the other. */
  begin(visit: number, onOutcome: (m: CallOutcome) => void): Promise<VisitOutcome> {
    if (this.#pending !== undefined) throw new Error("a visit is already under way on this worker");
    this.#pending = { visit, onOutcome, ...Promise.withResolvers<VisitOutcome>() };
    return this.#pending.promise;
  }

  accept(message: FromWorker): void {
    const pending = this.#pending;
    if (pending === undefined || message.type === "hello" || message.visit !== pending.visit) return;
    if (message.type === "visited") {
      this.#pending = undefined;
      pending.resolve(message);
    } else {
      pending.onOutcome(message);
    }
  }

  /** The worker is gone: who waits for a visit gets the reason. */
  fail(error: Error): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(error);
  }
}

/** A worker in this process: for cells whose client machine is the one that runs the bench. */
export function localLink(): WorkerLink {
  const tracker = new VisitTracker();
  const worker = new Worker((message) => tracker.accept(message));
  const send = (message: ToWorker) => worker.handle(message);
  return {
    sendImage: send,
    sendSecurity: send,
    async visit(message, onOutcome) {
      const ended = tracker.begin(message.visit, onOutcome);
      // A visit that threw is over: whoever comes next must not find it under way.
      await send(message).catch((error: unknown) => tracker.fail(error as Error));
      return ended;
    },
    gone: () => false,
    close: () => send({ type: "close" }),
  };
}
