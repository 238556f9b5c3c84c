import { createInterface } from "node:readline";
import { messageOf } from "../../../lib/errors.ts";
import { type FromWorker, ToWorker } from "./protocol.ts";
import { Worker } from "./worker.ts";

/*
 * The agent: a worker on a client machine, spoken to over SSH's standard input and output. It ends when its input ends,
 * so a bench that was killed leaves no agent behind.
 */

function emit(message: FromWorker): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const worker = new Worker(emit);
emit({ type: "hello", node: process.version });

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("close", () => process.exit(0));
let turn = Promise.resolve();
lines.on("line", (line) => {
  turn = turn.then(async () => {
    try {
      await worker.handle(ToWorker.parse(JSON.parse(line)));
    } catch (error) {
      process.stderr.write(`agent: ${messageOf(error)}\n`);
      process.exit(1);
    }
  });
});
