import { logGamma } from "../../math/special.ts";
import { random } from "../../math/random.ts";
import { type Queue, settling, simulate, utilisationOf } from "./queues.ts";

/*
 * Latencies of queues in the long run. Latency is waiting and service. Formulas: Kleinrock, Queueing Systems, volume 1 (1975);
 * Erlang's for M/D/1 as Franx has it (Operations Research Letters 29, 2001).
 */

/** The long-run truth about a queue's latencies, milliseconds. */
export interface Truth {
  readonly meanMs: number;
  quantileMs(q: number): number;
}

/** M/M/1: latencies are exponential. */
export function mm1({ ratePerSecond, service }: Queue): Truth {
  const meanMs = 1 / (1 / service.meanMs - ratePerSecond / 1000);
  return { meanMs, quantileMs: (q) => -meanMs * Math.log(1 - q) };
}

/** D/M/1: exponential as well; the rate follows from the root of sigma = exp(-mu (1 - sigma) gap) (GI/M/1). */
export function dm1({ ratePerSecond, service }: Queue): Truth {
  const gap = 1000 / ratePerSecond / service.meanMs;
  let sigma = 0;
  for (let i = 0; i < 10_000; i++) sigma = Math.exp(-gap * (1 - sigma));
  const meanMs = service.meanMs / (1 - sigma);
  return { meanMs, quantileMs: (q) => -meanMs * Math.log(1 - q) };
}

/** M/M/k: a call waits with Erlang's C, then for an exponential time, and is served for another. */
export function mmk({ ratePerSecond, service, servers }: Queue): Truth {
  const offered = (ratePerSecond * service.meanMs) / 1000;
  let blocked = 1;
  for (let k = 1; k <= servers; k++) blocked = (offered * blocked) / (k + offered * blocked);
  const waits = blocked / (1 - (offered / servers) * (1 - blocked));
  const mu = 1 / service.meanMs;
  const theta = servers * mu - ratePerSecond / 1000;
  // The service's tail, and that of waiting and service together, which is hypoexponential.
  const above = (t: number) =>
    (1 - waits) * Math.exp(-mu * t) +
    (Math.abs(theta - mu) < 1e-9
      ? waits * (1 + mu * t) * Math.exp(-mu * t)
      : (waits * (theta * Math.exp(-mu * t) - mu * Math.exp(-theta * t))) / (theta - mu));
  return { meanMs: service.meanMs + waits / theta, quantileMs: (q) => rootOf((t) => 1 - above(t), q) };
}

/** M/D/1, waiting below t: (1 - rho) times the sum over j <= t/D of (-lambda (t - jD))^j / j! exp(lambda (t - jD)). */
export function md1(queue: Queue): Truth {
  const { ratePerSecond, service } = queue;
  const [lambda, d, rho] = [ratePerSecond / 1000, service.meanMs, utilisationOf(queue)];
  const waitsBelow = (t: number) => {
    let sum = 0;
    for (let j = 0; j * d <= t; j++) {
      const x = lambda * (t - j * d);
      sum += (j % 2 === 0 ? 1 : -1) * (j === 0 ? 1 : x ** j) * Math.exp(x - logGamma(j + 1));
    }
    return (1 - rho) * sum;
  };
  return { meanMs: meanOfMg1(queue), quantileMs: (q) => d + (q <= 1 - rho ? 0 : rootOf(waitsBelow, q)) };
}

/** M/G/1's mean latency (Pollaczek and Khinchine). */
export function meanOfMg1(queue: Queue): number {
  const { ratePerSecond, service } = queue;
  return service.meanMs + ((ratePerSecond / 1000) * service.squareMs2) / (2 * (1 - utilisationOf(queue)));
}

/** The truth about any queue by simulation, seeded; each visit counts alike. @param calls of all visits together */
export function simulated(queue: Queue, calls: number, seed = 1): Truth {
  const stream = random(seed);
  const visits = (queue.visitSd ?? 0) > 0 ? 10_000 : 1;
  const before = settling(queue);
  // Steps are a 200th of a mean service.
  const stepMs = queue.service.meanMs / 200;
  const counts = new Float64Array(4_000_000);
  let [sum, n] = [0, 0];
  for (let visit = 0; visit < visits; visit++) {
    let at = 0;
    simulate(queue, before + Math.ceil(calls / visits), stream, (_, latencyMs) => {
      if (at++ < before) return;
      const step = Math.min(counts.length - 1, Math.floor(latencyMs / stepMs));
      counts[step] = (counts[step] as number) + 1;
      sum += latencyMs;
      n++;
    });
  }
  return {
    meanMs: sum / n,
    quantileMs(q) {
      let left = q * n;
      for (const [step, count] of counts.entries()) {
        if (left <= count) return (step + left / count) * stepMs;
        left -= count;
      }
      return NaN;
    },
  };
}

/** Where a function that rises from below `value` at 0 reaches it. */
function rootOf(rising: (t: number) => number, value: number): number {
  let [low, high] = [0, 1];
  while (rising(high) < value) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < value) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
