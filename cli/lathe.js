#!/usr/bin/env node
// The bin of this package. Lathe is TypeScript that Node runs as it is; a Node that cannot do so hands over to the one that
// `npm ci` has put into node_modules, as `npm run` does by itself.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
const main = import.meta.resolve("./main.ts");

if (process.features.typescript) await import(main);
else handOver(fileURLToPath(import.meta.resolve("../node_modules/.bin/node")));

/** Runs the program by another Node, and ends as it ends. */
function handOver(node) {
  if (!existsSync(node)) {
    process.stderr.write(
      `error: Node ${process.version} does not run TypeScript, and ${node} is not there\n` +
        "  expected: Node 24, or the one that npm installs beside Lathe\n  fix: npm ci\n",
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl-C in a terminal reaches the child by itself; a second one would mean "at once".
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of SIGNALS)
    process.on(signal, () => {
      if (!terminal || (signal !== "SIGINT" && signal !== "SIGQUIT")) child.kill(signal);
    });
  child.on("error", (error) => {
    process.stderr.write(`error: ${node}: ${error.message}\n  fix: npm ci\n`);
    process.exit(1);
  });
  child.on("close", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
