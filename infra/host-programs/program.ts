import { z } from "zod";
import { clean } from "../../lib/clean.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import { progress, type Progress } from "../../lib/progress.ts";
import { lastName } from "../config/stack-name.ts";
import { isAbandoned } from "../ownership/abandon.ts";

/** What a program has around it: it may share its process with others (serve.ts). */
export interface Surroundings {
  /** What it says, as it comes. All of it lands in the stack's state. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The folder that the engine started it in. */
  readonly cwd: string;
  /** The stack's name with its organisation, as the engine was told it; absent: it was not. */
  readonly stack?: string | undefined;
}

/** A resource's program, ready to be told what to do. */
export interface Program {
  /**
   * @param spec JSON
   * @returns its exit code; never throws
   */
  run(action: string, spec: string, around: Surroundings): Promise<number>;
}

const Owned = z.object({ owner: z.string() });

/**
 * The frame of a resource's program: reads its action and its spec, and prints what the body gives as a line of JSON, or its
 * faults. What cannot be undone on a machine that was given up is reported and forgotten: see abandon.ts.
 *
 * @param remains what may then be left, for people
 */
export function resourceProgram<S extends z.ZodType>(
  schema: S,
  body: (action: "create" | "delete", spec: z.output<S>, say: Progress) => Promise<unknown>,
  remains: (spec: z.output<S>) => string = () => "nothing",
): Program {
  return {
    async run(wanted, text, around) {
      const { out, err: write, cwd } = around;
      // What a host or its Docker engine said goes from here to the engine, and from there to a terminal.
      const err = (words: string) => write(clean(words));
      try {
        const action = z.enum(["create", "delete"]).parse(wanted);
        const spec = schema.parse(JSON.parse(text));
        const result = await body(action, spec, progress(undefined, err)).catch(async (error: unknown) => {
          if (action === "create" || !(error instanceof UserError)) throw error;
          const { owner } = Owned.parse(spec);
          if (await isAbandoned(owner, cwd)) {
            // One line: of several, a terminal shows the last.
            const why = error.faults.map(({ what }) => what.split("\n")[0]).join("; ");
            err(`forgotten, because lathe:abandon is set; may be left there: ${remains(spec)} (${why})\n`);
            return undefined;
          }
          const { stack = lastName(owner) } = around;
          throw new UserError([
            ...error.faults,
            {
              what: "the stack still knows what is there: run `npx lathe down` again once the machine answers",
              fix: `if it is gone for good: npx lathe pulumi config set lathe:abandon true --stack ${stack}, then npx lathe down --stack ${stack}`,
            },
          ]);
        });
        if (result !== undefined) out(JSON.stringify(result));
        return 0;
      } catch (error) {
        err(`${error instanceof UserError ? error.message : String((error as Error).stack ?? messageOf(error))}\n`);
        return 1;
      }
    },
  };
}
