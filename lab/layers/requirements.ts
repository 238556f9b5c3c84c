/** The entries of these packages of a pip requirements text, with their hashes; throws where one is missing. Pure. */
export function selectRequirements(text: string, packages: readonly string[]): string {
  const lines = text.replaceAll(/\\\r?\n/g, " ").split("\n");
  const entries = packages.map((name) => {
    const entry = lines.find((line) => line.startsWith(`${name}==`));
    if (entry === undefined) throw new Error(`models/python/requirements.txt does not pin ${name}`);
    return `${entry.trim()}\n`;
  });
  return entries.join("");
}
