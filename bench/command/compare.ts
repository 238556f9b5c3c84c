import type { Values } from "../../lib/cli/spec.ts";
import { WrongUse } from "../../lib/errors.ts";
import { printResult } from "../../lib/cli/result.ts";
import { compareCommand } from "../compare/command.ts";
import { type COMPARE, share } from "./options.ts";
import { runNamed } from "./targets.ts";

/** `lathe compare`: which of two runs is faster; the exit code is the verdict. */
export async function compare(values: Values<typeof COMPARE>, names: readonly string[]): Promise<number> {
  const [a, b] = names;
  if (a === undefined || b === undefined)
    throw new WrongUse({
      what: `compare: ${names.length === 0 ? "no run" : "one run"}`,
      expected: "two: the earlier one and the later one",
      fix: "npx lathe compare 2026-11-22T18-00-00Z 2026-11-23T18-00-00Z --threshold 5%",
    });
  const threshold = values.threshold === undefined ? {} : { threshold: share(values.threshold) };
  const strict = values.strict === true;
  const [earlier, later] = [await runNamed(values.runs, a), await runNamed(values.runs, b)];
  const result = await compareCommand(earlier, later, { ...threshold, strict });
  printResult(
    values.json,
    () => result.text,
    () => result.json,
  );
  return result.exitCode;
}
