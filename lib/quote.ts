/**
 * Quotes one word for a POSIX shell. The only place where Lathe turns an argument list into shell text: `ssh` joins its
 * arguments with spaces and hands them to the remote user's shell, so a list must be quoted before it travels.
 */
export function quote(word: string): string {
  return /^[A-Za-z0-9_\-.,:/@%+=]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Quotes an argument list into one shell command line. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(" ");
}
