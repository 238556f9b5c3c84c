/** A value as a message shows it: JSON, cut after `most` characters. YAML's anchors can make a value hold itself. */
export function show(value: unknown, most = 120): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = "a value that holds itself";
  }
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
