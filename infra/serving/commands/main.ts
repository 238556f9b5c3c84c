import { text } from "node:stream/consumers";
import { z } from "zod";
import { UserError, messageOf } from "../../../lib/errors.ts";

/** What a resource asks of its program. */
export type Action = "create" | "delete";

/**
 * The frame of a resource's program: its action from the arguments, its spec from standard input, one small line of JSON
 * or nothing on standard output (it lands in the stack's state), and faults in words on standard error.
 */
export async function resourceMain<S extends z.ZodType>(
  schema: S,
  body: (action: Action, spec: z.output<S>) => Promise<object | undefined>,
): Promise<void> {
  try {
    const action = z.enum(["create", "delete"]).parse(process.argv[2]);
    const result = await body(action, schema.parse(JSON.parse(await text(process.stdin))));
    if (result !== undefined) process.stdout.write(JSON.stringify(result));
  } catch (error) {
    process.stderr.write(
      `${error instanceof UserError ? error.message : String((error as Error).stack ?? messageOf(error))}\n`,
    );
    process.exitCode = 1;
  }
}
