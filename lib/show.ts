/**
 * A value as a message shows it: JSON, cut after `most` characters. Input that is read may hold itself (YAML's anchors can),
 * be of any length, or hold what JSON has no form for; none of that may end a message.
 */
export function show(value: unknown, most = 120): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = "a value that holds itself";
  }
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
