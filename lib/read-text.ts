import { readFile, stat } from "node:fs/promises";
import { type Fault, UserError, messageOf } from "./errors.ts";

/** No file that a person writes, or that a run keeps as one text, is nearly as large. */
const MOST_BYTES = 64 * 2 ** 20;

const WHY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "that is a folder",
  EACCES: "this user may not read it",
};

/** Why a file could not be read, in words. */
function unreadable(error: unknown): string {
  return WHY[(error as NodeJS.ErrnoException).code ?? ""] ?? messageOf(error);
}

/**
 * A text file that a person has named.
 *
 * @param rest what was expected there, and what to do
 * @throws UserError if it cannot be read, is no file, or is too large
 */
export async function readText(path: string, rest: Omit<Fault, "what">): Promise<string> {
  const refuse = (why: string) => new UserError({ what: `${path}: ${why}`, ...rest });
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw refuse(`${size} bytes, more than ${MOST_BYTES}`);
    return await readFile(path, "utf8");
  } catch (error) {
    throw error instanceof UserError ? error : refuse(unreadable(error));
  }
}
