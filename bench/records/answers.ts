import { z } from "zod";
import { exists } from "../../lib/cached.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import { readLines } from "./jsonl.ts";

/** One output of an answer. What JSON has no number for (NaN, infinities) is NaN. */
export interface AnswerTensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** The outputs of one measured call, by name. */
export type Answer = Readonly<Record<string, AnswerTensor>>;

const Line = z.object({
  cell: z.string(),
  outputs: z.record(
    z.string(),
    z.object({ shape: z.array(z.number()).default([]), values: z.array(z.number().nullable()) }),
  ),
});

/**
 * The answers that a run kept (`answers.jsonl`), by cell: the first measured one of each, and the newest where a cell was
 * begun again. Empty where there is no such file; a torn last line is left out.
 *
 * @throws UserError naming file and line where a line is no answer
 */
export async function readAnswers(path: string): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  if (!(await exists(path))) return answers;
  for await (const { lines, first, torn } of readLines(path)) {
    for (const [index, line] of lines.entries()) {
      if (line === "") continue;
      const found = answerOfLine(line, `${path}:${first + index}`, torn && index === lines.length - 1);
      if (found !== undefined) answers.set(found.cell, found.answer);
    }
  }
  return answers;
}

/** The answer that a line keeps; `place` names it in faults. Undefined where it is torn. Pure. */
export function answerOfLine(
  line: string,
  place: string,
  torn: boolean,
): { readonly cell: string; readonly answer: Answer } | undefined {
  const parsed = parseLine(line, place, torn);
  if (parsed === undefined) return undefined;
  const outputs = Object.entries(parsed.outputs).map(([name, { shape, values }]) => [
    name,
    { shape, values: values.map((v) => v ?? NaN) },
  ]);
  return { cell: parsed.cell, answer: Object.fromEntries(outputs) as Answer };
}

function parseLine(line: string, place: string, torn: boolean): z.infer<typeof Line> | undefined {
  try {
    return Line.parse(JSON.parse(line));
  } catch (error) {
    if (torn) return undefined;
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    const why = issue === undefined ? messageOf(error) : `${issue.path.join(".")}: ${issue.message}`;
    throw new UserError({ what: `${place}: ${why.slice(0, 200)}`, expected: "one answer a line" });
  }
}
