import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import { withdrawable } from "../hosts/connection/run.ts";
import { runProgram } from "./registry.ts";

/** A line from whoever asks (run.ts). The answers are lines of JSON, too: `stdout` and `stderr` as they come, `code` at the end. */
const Request = z.object({
  ...{ program: z.string(), action: z.string(), cwd: z.string(), spec: z.string() },
  stack: z.string().optional(),
});

/**
 * Runs programs of resources, in this process, for those who ask at a socket.
 *
 * @param path the socket's, in a folder that only this user may enter: specs hold secrets, and programs run commands
 * @returns `close` takes no more; those who still wait are answered that the run was stopped, and no further command of theirs
 *   is begun on a host
 * @throws Error if the socket cannot be made
 */
export async function servePrograms(path: string): Promise<{ close(): void }> {
  const waiting = new Set<Socket>();
  const server = createServer((socket) => {
    waiting.add(socket);
    const gone = new AbortController();
    const lines = createInterface({ input: socket });
    for (const source of [socket, lines]) source.on("error", () => {});
    socket.on("close", () => {
      waiting.delete(socket);
      gone.abort();
    });
    lines.once("line", (line) => {
      // Whoever asked runs the program itself, and is told what is wrong with it.
      answer(line, socket, gone.signal).catch(() => socket.destroy());
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  return {
    close() {
      server.close();
      for (const socket of waiting) end(socket, { stderr: "the run was stopped\n", code: 1 });
    },
  };
}

async function answer(line: string, socket: Socket, gone: AbortSignal): Promise<void> {
  const { program, action, cwd, spec, stack } = Request.parse(JSON.parse(line));
  const say = (stream: "stdout" | "stderr") => (text: string) =>
    void (socket.writable && socket.write(`${JSON.stringify({ [stream]: text })}\n`));
  const around = { out: say("stdout"), err: say("stderr"), cwd, stack };
  end(socket, { code: await withdrawable(gone, () => runProgram(program, action, spec, around)) });
}

function end(socket: Socket, last: object): void {
  if (socket.writable) socket.end(`${JSON.stringify(last)}\n`);
}
