import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { UserError } from "../../lib/errors.ts";
import { endInTime } from "../../lib/run.ts";

/** A program that answers each line on its stdin with a line of JSON. It ends when its stdin closes, so it ends with this process. */
export class LineProgram {
  readonly #name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  /** Why it ended. */
  readonly #ended: Promise<string>;
  #errors = "";

  constructor(name: string, program: string, args: readonly string[]) {
    this.#name = name;
    this.#child = spawn(program, args);
    const lines = createInterface({ input: this.#child.stdout });
    this.#lines = lines[Symbol.asyncIterator]();
    this.#child.stderr.on("data", (text: Buffer) => (this.#errors = (this.#errors + text.toString()).slice(-4000)));
    this.#child.stdin.on("error", () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        lines.close();
        resolve(error.message);
      });
      this.#child.once("close", (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code ?? 0}`}`));
    });
  }

  /** The next line that it prints, parsed. @throws UserError with the end of its output if it has ended */
  async next(): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done !== true) return JSON.parse(line.value);
    const why = await this.#ended;
    const said = this.#errors.trim().split("\n").slice(-6).join("\n");
    throw new UserError({ what: `${this.#name}: ${why}${said === "" ? "" : `, saying\n${said}`}` });
  }

  /** Sends a line. @returns the answer */
  ask(question: unknown): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    return this.next();
  }

  /** Closes its stdin and waits for its end. */
  stop(): Promise<void> {
    return endInTime(this.#child, this.#ended, 5000);
  }
}
