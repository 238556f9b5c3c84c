import { connect } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

/*
 * What the engine starts for a resource: `node run.ts PROGRAM ACTION`, its spec on standard input. Where `npx lathe up` or `down`
 * started the engine, that command runs the programs of all its stacks (serve.ts) and this only asks it, which takes a fraction of the
 * processor time of a Node that loads a program. Where nobody answers to the end, the program runs here: each may be run again. So
 * only Node's own modules are imported above.
 */

const [name = "", action = ""] = process.argv.slice(2);
const spec = await text(process.stdin);
const socket = process.env["LATHE_PROGRAMS"];
/** The stack's name with its organisation, from whoever started the engine. */
const stack = process.env["LATHE_STACK"];
const answered = socket === undefined ? undefined : await ask(socket);
process.exitCode = answered ?? (await runHere());

async function runHere(): Promise<number> {
  const { useCompileCache } = await import("../../lib/cache/compile-cache.ts");
  useCompileCache();
  const { runProgram } = await import("./registry.ts");
  return runProgram(name, action, spec, {
    out: (words) => void process.stdout.write(words),
    err: (words) => void process.stderr.write(words),
    ...{ cwd: process.cwd(), stack },
  });
}

/** Gives the exit code; undefined if nobody answers to the end. */
function ask(path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const connection = connect(path);
    const lines = createInterface({ input: connection });
    let code: number | undefined;
    lines.on("line", (line) => {
      try {
        const said = JSON.parse(line) as { code?: number; stdout?: string; stderr?: string };
        if (said.stdout !== undefined) process.stdout.write(said.stdout);
        if (said.stderr !== undefined) process.stderr.write(said.stderr);
        code = said.code ?? code;
      } catch {
        // A torn line: whoever wrote it has died.
      }
    });
    for (const source of [connection, lines]) source.on("error", () => {});
    connection.on("close", () => resolve(code));
    // By a socket, for the spec may be a secret.
    connection.write(`${JSON.stringify({ program: name, action, cwd: process.cwd(), spec, stack })}\n`);
  });
}
