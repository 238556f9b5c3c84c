import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { realClock } from "../../bench/loads/clock.ts";
import { constantRate } from "../../bench/loads/constant-rate.ts";
import { quantile } from "../../bench/stats/math/quantile.ts";
import type { CallResult } from "../../clients/client.ts";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { say } from "../../lib/output.ts";
import { formatTable } from "../../lib/table.ts";
import { LAG } from "../options.ts";

/** The goals: 99 of 100 calls begin so soon after they are due, milliseconds, at so many a second. */
const GOALS: Readonly<Record<number, number>> = { 1000: 0.015, 5000: 0.48 };

/** A server that answers each byte with a byte, in a process of its own, so that it takes no time of the loop that is measured. */
const ECHO = `
  const server = require("node:net").createServer({ noDelay: true }, (socket) => socket.on("error", () => {}).pipe(socket));
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));`;

/** How late the calls of an open loop began at one rate. */
export interface Lag {
  readonly ratePerSecond: number;
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Share of the time in which the loop turned with nothing to do but wait for the time of a call. */
  readonly spun: number;
  /** Null where no goal is set for the rate. */
  readonly goalMs: number | null;
  readonly met: boolean | null;
}

/** Lags as they are shown: of calls that began so long after they were due. Pure. */
export function lagOf(ratePerSecond: number, lagsMs: readonly number[], spun: number): Lag {
  const sorted = Float64Array.from(lagsMs).sort();
  const p99Ms = quantile(sorted, 0.99);
  const goalMs = GOALS[ratePerSecond] ?? null;
  return {
    ...{ ratePerSecond, calls: sorted.length, p50Ms: quantile(sorted, 0.5), p99Ms, maxMs: sorted.at(-1) ?? NaN, spun },
    ...{ goalMs, met: goalMs === null ? null : p99Ms <= goalMs },
  };
}

/** `lathe selfbench lag`. */
export async function benchLag({ rates, seconds, check, json }: Values<typeof LAG>): Promise<number> {
  const server = spawn(process.execPath, ["-e", ECHO], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  try {
    const [port] = (await once(server, "message")) as [number];
    const all: Lag[] = [];
    for (const rate of rates) {
      say(`${rate} calls a second, for ${seconds} s`);
      all.push(await measured(port, rate, seconds));
    }
    printResult(LAG.json, json, text(all), { rates: all });
    return check === true && all.some((l) => l.met === false) ? 1 : 0;
  } finally {
    server.kill();
  }
}

/** Makes calls at a rate by the open loop and the clock that runs use. */
async function measured(port: number, ratePerSecond: number, seconds: number): Promise<Lag> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const calls = Math.ceil(ratePerSecond * seconds);
  const lags: number[] = [];
  const [startedAt, spunBefore] = [realClock.now(), realClock.spunMs()];
  await constantRate.run(
    { mode: "constant-rate", ratePerSecond, concurrency: 1 },
    // The first second wakes the thread, and lets the compiler see the loop.
    { calls, leadIn: ratePerSecond, blockMs: Infinity },
    {
      clock: realClock,
      call: () => echo(socket),
      done: ({ startAt, intendedAt, leadIn }) => {
        if (!leadIn) lags.push(startAt - (intendedAt ?? startAt));
      },
    },
  );
  socket.destroy();
  return lagOf(ratePerSecond, lags, (realClock.spunMs() - spunBefore) / (realClock.now() - startedAt));
}

async function echo(socket: Socket): Promise<CallResult> {
  const startAt = performance.now();
  const answer = once(socket, "data");
  socket.write("x");
  await answer;
  const totalMs = performance.now() - startAt;
  const timing = { encodeMs: null, sendMs: null, waitMs: totalMs, receiveMs: null, decodeMs: null, totalMs };
  return { ok: true, outputs: {}, requestBytes: 1, responseBytes: 1, timing };
}

function text(all: readonly Lag[]): string {
  const titles = ["calls a second", "calls", "p50, ms", "p99, ms", "longest, ms", "waiting, %", "goal, ms", ""];
  const ms = (value: number) => value.toFixed(3);
  return formatTable(
    titles.map((title) => ({ title, align: "right" as const })),
    all.map((l) => [
      ...[String(l.ratePerSecond), String(l.calls), ms(l.p50Ms), ms(l.p99Ms), ms(l.maxMs), (100 * l.spun).toFixed(0)],
      ...[l.goalMs === null ? "–" : ms(l.goalMs), l.met === null ? "" : l.met ? "met" : "missed"],
    ]),
  );
}
