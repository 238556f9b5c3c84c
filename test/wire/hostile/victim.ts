import { createInterface } from "node:readline";
import { clientKind } from "../../../clients/registry.ts";
import type { CallResult } from "../../../clients/client.ts";

/*
 * A client in a process of its own, for its memory to be measured: `node victim.ts KIND PORT call|idle`. It makes one call, or opens a
 * connection and waits for a line; then it says what came of it, and the most memory that it has taken.
 */
const [name = "", port = "", mode = ""] = process.argv.slice(2);
const client = clientKind(name).create("127.0.0.1", Number(port));
await client.open(5000);
const before = process.resourceUsage().maxRSS;
let result: CallResult | undefined;
if (mode === "call") {
  const data = new Uint8Array(12);
  result = await client.call({
    model: "m",
    inputs: { x: { dtype: "DT_UINT8", shape: [1, 12], data } },
    timeoutMs: 60_000,
  });
} else for await (const _ of createInterface({ input: process.stdin })) break;
const { heapUsed } = process.memoryUsage();
const outcome = result === undefined ? "idle" : result.ok ? "ok" : `${result.error.code}: ${result.error.message}`;
const mebibytes = (process.resourceUsage().maxRSS - before) / 1024;
process.stdout.write(`${JSON.stringify({ outcome, mebibytes, heapMebibytes: heapUsed / 2 ** 20 })}\n`);
process.exit(0);
