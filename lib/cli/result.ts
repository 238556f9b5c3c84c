/**
 * Prints a command's result on stdout: the table, or with `--json` the document in its place.
 *
 * @param alsoTable with `--json` the table goes to stderr: of what takes long it is wanted in any case
 */
export function printResult(
  json: boolean | undefined,
  text: () => string,
  document: () => { readonly schema: string },
  { alsoTable = false } = {},
): void {
  if (json !== true) return void process.stdout.write(`${text()}\n`);
  if (alsoTable) process.stderr.write(`${text()}\n`);
  process.stdout.write(`${JSON.stringify(document(), null, 2)}\n`);
}

/** Where the command was typed: npm runs its scripts in the project's own folder. */
export function typedIn(env: NodeJS.ProcessEnv = process.env): string {
  return env["INIT_CWD"] ?? process.cwd();
}
