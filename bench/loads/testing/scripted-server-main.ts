import { grpcServer, httpServer } from "../../../clients/testing/loopback.ts";
import { realClock } from "../clock.ts";
import { fifo } from "./fifo.ts";
import type { Script, Told } from "./scripted-server.ts";

/*
 * The process of a scripted server. When a call ends follows from when calls arrived and from the script alone, so that what a sleep
 * was too long by does not add up from call to call.
 */

let script: Script = { serviceMs: [0], servers: 1 };
let done = fifo(1);
let served: { arrivedMs: number; dueMs: number; endedMs: number }[] = [];

async function serve(): Promise<void> {
  const arrivedMs = realClock.now();
  const dueMs = done(arrivedMs, script.serviceMs[served.length % script.serviceMs.length] as number);
  const own = { arrivedMs, dueMs, endedMs: NaN };
  served.push(own);
  await realClock.until(dueMs);
  own.endedMs = realClock.now();
}

const server =
  process.argv[2] === "grpc"
    ? await grpcServer(() => serve().then(() => new Uint8Array(0)))
    : await httpServer(() => serve().then(() => [200, '{"outputs":{}}'] as const));

process.on("message", (told: Told) => {
  if ("script" in told) {
    script = told.script;
    done = fifo(script.servers);
    served = [];
  }
  process.send?.("script" in told ? true : served);
});
process.on("disconnect", () => process.exit(0));
process.send?.(server.port);
