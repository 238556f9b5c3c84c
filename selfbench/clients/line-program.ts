import { spawn, type ChildProcess } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { UserError } from "../../lib/errors.ts";

/**
 * A program that answers each line on its stdin with one line of JSON on its stdout. It ends when its stdin closes, so it
 * outlives this process in no way that this process can end.
 */
export class LineProgram {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  #waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | null = null;
  #early: string[] = [];
  #ended: Error | null = null;
  #errors = "";

  constructor(name: string, program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#name = name;
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#lines.on("line", (line) => {
      if (this.#waiting === null) this.#early.push(line);
      else this.#waiting.resolve(line);
      this.#waiting = null;
    });
    this.#child.stderr?.on("data", (text: Buffer) => {
      this.#errors = (this.#errors + text.toString()).slice(-4000);
    });
    this.#child.stdin?.on("error", () => undefined);
    this.#child.once("error", (error) => this.#end(error.message));
    this.#child.once("close", (code, signal) => this.#end(`it ended with ${signal ?? `exit code ${code ?? 0}`}`));
  }

  /** The next line it prints, parsed. Throws UserError with the last it said where it ends instead. */
  async next(): Promise<unknown> {
    const line = this.#early.shift();
    if (line !== undefined) return JSON.parse(line);
    if (this.#ended !== null) throw this.#ended;
    return JSON.parse(await new Promise<string>((resolve, reject) => (this.#waiting = { resolve, reject })));
  }

  /** Sends a line and gives the answer. */
  ask(question: unknown): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    return this.next();
  }

  /** Closes its stdin and waits for its end. */
  async stop(): Promise<void> {
    if (this.#ended !== null) return;
    const closed = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await closed;
    clearTimeout(timer);
  }

  #end(why: string): void {
    const said = this.#errors.trim().split("\n").slice(-6).join("\n");
    this.#ended = new UserError({ what: `${this.#name}: ${why}${said === "" ? "" : `, saying\n${said}`}` });
    this.#waiting?.reject(this.#ended);
    this.#waiting = null;
  }
}
