import type { Slo } from "../../../bench/capacity/slo.ts";
import { random } from "../../../bench/stats/math/random.ts";
import { type SimulatedServer, atWork, openLoop } from "./servers.ts";

/**
 * The chance that a call takes longer than `t` at M/M/k: Erlang C for the wait (Kleinrock, Queueing Systems I, 3.5), and the sum of a wait and a
 * service time.
 */
export function tailOfMMk(ratePerMs: number, meanMs: number, workers: number, t: number): number {
  const mu = 1 / meanMs;
  const spare = workers * mu - ratePerMs;
  if (spare <= 0) return 1;
  const offered = ratePerMs / mu;
  let term = 1;
  let sum = 1;
  for (let i = 1; i < workers; i++) sum += term *= offered / i;
  const full = (term * (offered / workers) * workers) / (workers - offered);
  const waits = full / (sum + full);
  const both =
    Math.abs(spare - mu) < 1e-9
      ? (1 + mu * t) * Math.exp(-mu * t)
      : (spare * Math.exp(-mu * t) - mu * Math.exp(-spare * t)) / (spare - mu);
  return (1 - waits) * Math.exp(-mu * t) + waits * both;
}

/** The rate, calls a second, at which the growing share of missed calls passes what the SLO allows, by bisection. */
export function rateWhere(missed: (ratePerSecond: number) => number, slo: Slo, mostPerSecond: number): number {
  let [low, high] = [0, mostPerSecond];
  while (high - low > 1e-3 * high) {
    const middle = (low + high) / 2;
    if (missed(middle) > 1 - slo.q) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** A server's capacity: by theory if there is one, otherwise by simulation. */
export function capacityOf(server: SimulatedServer, slo: Slo): number {
  const { exponentialMs: mean, workers } = server;
  if (mean === undefined) return simulatedCapacity(server, slo);
  return rateWhere((rate) => tailOfMMk(rate / 1000, mean, workers, slo.limitMs), slo, (1000 * workers) / mean);
}

/** A capacity by simulation, good to some half a per cent. It uses the same random numbers at every rate. */
export function simulatedCapacity(server: SimulatedServer, slo: Slo, calls = 400_000): number {
  const missed = (rate: number) => {
    const own = openLoop(atWork(server, random(1)), random(2), rate, calls, 1000);
    return own.reduce((sum, c) => sum + (c.latencyMs >= slo.limitMs ? 1 : 0), 0) / calls;
  };
  return rateWhere(missed, slo, 1000);
}
