import { z } from "zod";
import { exists } from "../../lib/cached.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import { flatIssues, issueText } from "../../lib/zod-faults.ts";
import { AnswerMessage } from "../run/agent/protocol.ts";
import { readLines } from "./jsonl.ts";

const Line = AnswerMessage.pick({ outputs: true }).extend({ cell: z.string() });

/** The outputs of one measured call, by name. What JSON has no number for (NaN, infinities) is NaN. */
export type Answer = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>
>;

/**
 * The answers that a run kept (`answers.jsonl`), by cell; none where there is no file. A torn last line is left out.
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
      if (found !== undefined) answers.set(found.cell, found.outputs);
    }
  }
  return answers;
}

/** The answer that a line keeps; `place` names it in faults. Undefined where it is torn. Pure. */
export function answerOfLine(line: string, place: string, torn: boolean): z.infer<typeof Line> | undefined {
  try {
    return Line.parse(JSON.parse(line));
  } catch (error) {
    if (torn) return undefined;
    const issue = error instanceof z.ZodError ? flatIssues(error)[0] : undefined;
    const why = issue === undefined ? messageOf(error) : issueText(issue);
    throw new UserError({ what: `${place}: ${why.slice(0, 200)}`, expected: "one answer a line" });
  }
}
