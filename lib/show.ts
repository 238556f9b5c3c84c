/** A value as a message shows it: JSON, cut after `most` characters. (With YAML's anchors a value can contain itself.) */
export function show(value: unknown, most = 120): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = "a value that contains itself";
  }
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
