import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { ProgramName } from "../registry.ts";

/*
 * What the engine starts for a resource (by run.sh). Where `npm run up` or `down` started the engine, a process is there
 * which has the programs loaded already and runs them for all its stacks (host.ts): whoever only asks there (ask.pl, or a Node
 * where there is no Perl) takes a small part of the processor time of a Node that loads a program. Where there is none, or it
 * dies in the middle of it, the program runs here: all programs may be run again. So nothing but Node's own modules may be
 * imported above.
 */

/** The environment variable with the socket of that process. */
const SOCKET = "LATHE_COMMANDS";

/** Runs a program with this process's arguments, standard input and output. */
export async function start(name: ProgramName): Promise<void> {
  const action = process.argv[2];
  const spec = await text(process.stdin);
  const socket = process.env[SOCKET];
  const there = socket === undefined ? undefined : await ask(socket, name, action ?? "", process.cwd(), spec);
  process.exitCode = there ?? (await runHere(name, action, spec));
}

async function runHere(name: ProgramName, action: string | undefined, spec: string): Promise<number> {
  const { programs } = await import("../registry.ts");
  const { program } = await programs[name]();
  return program.run(action, spec, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    cwd: process.cwd(),
  });
}

/** Gives the exit code; undefined where nobody answers to the end. */
function ask(path: string, name: string, action: string, ...texts: string[]): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path).setEncoding("utf8");
    let code: number | undefined;
    let rest = "";
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [what, value = ""] = line.split(" ");
        if (what === "code") code = Number(value);
        else if (what === "stdout" || what === "stderr") process[what].write(Buffer.from(value, "hex"));
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(code));
    // By a socket, for it may be a secret.
    socket.write(`${[name, action, ...texts.map((t) => Buffer.from(t).toString("hex"))].join(" ")}\n`);
  });
}
