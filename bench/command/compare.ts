import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { compareCommand } from "../compare/command.ts";
import type { TwoRuns } from "./choices.ts";
import { COMPARE } from "./options.ts";
import { runNamed } from "./targets.ts";

/** `lathe compare`: which of two runs is faster; the exit code is the verdict. */
export async function compare(
  { earlier, later }: TwoRuns,
  { runs, json, threshold, strict }: Values<typeof COMPARE>,
): Promise<number> {
  const options = { threshold, strict: strict === true };
  const result = await compareCommand(await runNamed(runs, earlier), await runNamed(runs, later), options);
  printResult(COMPARE.json, json, result.text, result.json);
  return result.exitCode;
}
