import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../../lib/errors.ts";

/**
 * Runs a stack's program. A `UserError` ends it with its own words and no stack trace; anything else is a bug of Lathe
 * and keeps its trace.
 */
export async function runProgram<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof UserError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
