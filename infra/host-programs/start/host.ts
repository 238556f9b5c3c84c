import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { withdrawable } from "../../hosts/connection/run.ts";
import { programs, type ProgramName } from "../registry.ts";

/*
 * A process that runs the programs of many stacks' resources, for those whom the engines start (ask.pl, start.ts): on a socket in
 * a folder that is its user's alone, its one argument. It belongs to the process that started it: when that has gone, it
 * takes no more, removes that folder, and ends with the last one that it has begun.
 */

/*
 * Whoever asks sends a line: a program's name, its action, its folder and its spec. The answers are lines, too: `stdout TEXT`
 * and `stderr TEXT` as it comes, `code NUMBER` at the end. All text is in hexadecimal digits, which need no library anywhere.
 */
const Hex = z.hex().transform((digits) => Buffer.from(digits, "hex").toString("utf8"));
const Request = z.tuple([
  z.custom<ProgramName>((name) => typeof name === "string" && Object.hasOwn(programs, name)),
  z.string(),
  Hex,
  Hex,
]);

const path = process.argv[2] ?? "";
const asking = new Set<Socket>();
const server = createServer((socket) => {
  asking.add(socket);
  const gone = new AbortController();
  socket.on("error", () => {});
  socket.on("close", () => {
    gone.abort();
    asking.delete(socket);
    endIfAlone();
  });
  createInterface({ input: socket }).once("line", (line) => {
    // Whoever asked runs the program himself, and is told what is wrong with it.
    answer(line, socket, gone.signal).catch(() => socket.destroy());
  });
});

async function answer(line: string, socket: Socket, gone: AbortSignal): Promise<void> {
  const [name, action, cwd, spec] = Request.parse(line.split(" "));
  const { program } = await programs[name]();
  const say = (stream: string) => (text: string) =>
    void socket.write(`${stream} ${Buffer.from(text).toString("hex")}\n`);
  const around = { out: say("stdout"), err: say("stderr"), cwd };
  const code = await withdrawable(gone, () => program.run(action, spec, around));
  socket.end(`code ${code}\n`);
}

function endIfAlone(): void {
  // Not by a signal: what Node has compiled is kept at an exit.
  if (!process.connected && asking.size === 0) process.exit();
}

process.on("disconnect", () => {
  server.close();
  rmSync(dirname(path), { recursive: true, force: true });
  endIfAlone();
});
server.listen(path);
