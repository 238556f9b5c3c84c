/** Quotes a word for a POSIX shell. `ssh` needs it: it joins its arguments with spaces and gives them to the remote shell. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_\-.,:/@%+=]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Quotes an argument list into one shell command line. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(" ");
}
