import { fifo } from "../../../loads/testing/fifo.ts";
import type { Random } from "../../math/random.ts";
import type { TailCall } from "../tail.ts";
import type { Service } from "./services.ts";

/** A queue of calls that are answered first come, first served: arrivals/service/servers, in Kendall's notation. */
export interface Queue {
  /** Poisson arrivals (M), or arrivals at one distance (D). */
  readonly arrivals: "poisson" | "constant";
  readonly ratePerSecond: number;
  readonly service: Service;
  readonly servers: number;
  /** The server's speed differs from visit to visit: standard deviation of its logarithm. Absent: it does not. */
  readonly visitSd?: number;
}

/** A queue at a share of what its servers can answer. */
export const queueAt = (utilisation: number, service: Service, more: Partial<Queue> = {}): Queue => ({
  ...{ arrivals: "poisson", service, servers: 1, ...more },
  ratePerSecond: (1000 * utilisation * (more.servers ?? 1)) / service.meanMs,
});

/** The share of its servers' time that a queue takes. */
export const utilisationOf = ({ ratePerSecond, service, servers }: Queue): number =>
  (ratePerSecond * service.meanMs) / 1000 / servers;

/** When a call is due, and how long it waits and is served, milliseconds. */
export type Step = (dueMs: number, latencyMs: number) => void;

/** Simulates calls of a queue that was empty before the first. */
export function simulate(queue: Queue, calls: number, stream: Random, step: Step): void {
  const gapMs = 1000 / queue.ratePerSecond;
  const poisson = queue.arrivals === "poisson";
  const speed = Math.exp((queue.visitSd ?? 0) * stream.normal());
  const done = fifo(queue.servers);
  let dueMs = 0;
  for (let call = 0; call < calls; call++) {
    dueMs += poisson ? -gapMs * Math.log(1 - stream.uniform()) : gapMs;
    step(dueMs, done(dueMs, queue.service.draw(stream) * speed) - dueMs);
  }
}

/** How many calls come before those that count: after 15 relaxation times, a queue is as if it had never been empty. */
export function settling(queue: Queue): number {
  const { meanMs, squareMs2 } = queue.service;
  // A relaxation time in heavy traffic is about (1 + variation of the service) / (1 - utilisation)² calls.
  return Math.ceil((15 * queue.servers * (squareMs2 / meanMs ** 2)) / (1 - utilisationOf(queue)) ** 2);
}

/** Visits to a queue that has settled. */
export function visitsTo(queue: Queue, visits: number, calls: number, stream: Random): TailCall[][] {
  const before = settling(queue);
  return Array.from({ length: visits }, () => {
    const made: TailCall[] = [];
    let at = 0;
    simulate(queue, before + calls, stream, (dueMs, latencyMs) => {
      if (at++ >= before) made.push({ dueMs, latencyMs });
    });
    return made;
  });
}
