import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { compareCommand } from "../compare/command.ts";
import type { TwoRuns } from "./choices.ts";
import { COMPARE } from "./options.ts";
import { repeatsOf } from "./repeats.ts";
import { runNamed, runsFolder } from "./targets.ts";

/** `lathe compare`: says which of two runs is faster. @returns the exit code: 1 if the later run is slower */
export async function compare(
  { earlier, later }: TwoRuns,
  { runs, json, threshold, strict }: Values<typeof COMPARE>,
): Promise<number> {
  const [a, b] = [await runNamed(runs, earlier), await runNamed(runs, later)];
  const options = { threshold, strict: strict === true, repeats: await repeatsOf(runsFolder(runs), [a, b]) };
  const result = await compareCommand(a, b, options);
  printResult(COMPARE.json, json, result.text, result.json);
  return result.exitCode;
}
