import { z } from "zod";
import { exists } from "../../lib/cache/cached.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import { flatIssues, issueText } from "../../lib/zod-faults.ts";
import { AnswerMessage } from "../run/agent/protocol.ts";
import { readLines } from "./jsonl.ts";

const Line = AnswerMessage.pick({ outputs: true, tooLarge: true }).extend({ cell: z.string() });

/** The outputs of one measured call, by name. What JSON has no number for (NaN, infinities) is NaN. */
export type Answer = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>
>;

/** What a run kept of its answers, by cell: themselves, or how many values one has that was too large to be kept. */
export interface KeptAnswers {
  readonly answers: ReadonlyMap<string, Answer>;
  readonly tooLarge: ReadonlyMap<string, number>;
}

/**
 * The answers that a run kept (`answers.jsonl`), by cell; none if there is no file. A torn last line is left out.
 *
 * @throws UserError naming file and line where a line is no answer
 */
export async function readAnswers(path: string): Promise<KeptAnswers> {
  const answers = new Map<string, Answer>();
  const tooLarge = new Map<string, number>();
  if (!(await exists(path))) return { answers, tooLarge };
  for await (const { lines, first, torn } of readLines(path)) {
    for (const [index, line] of lines.entries()) {
      if (line === "") continue;
      const found = answerOfLine(line, `${path}:${first + index}`, torn && index === lines.length - 1);
      if (found === undefined) continue;
      answers.delete(found.cell);
      tooLarge.delete(found.cell);
      if (found.tooLarge === undefined) answers.set(found.cell, found.outputs);
      else tooLarge.set(found.cell, found.tooLarge);
    }
  }
  return { answers, tooLarge };
}

/** The answer that a line keeps; `place` names it in faults. Undefined if it is torn. Pure. */
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
