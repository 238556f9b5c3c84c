/** One sample of a page of metrics in Prometheus' text form. */
export interface Sample {
  readonly series: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** The value as it was printed: its digits tell how much of it is known. */
  readonly printed: string;
}

const MOST = 1e15;
/** A longer line is none of a model's: the pairs of one without end must not fill the memory. */
const LONGEST_LINE = 2 ** 16;
const AFTER_SERIES = /^\{(.*)\} +(\S+)/;
/** A name is tried once, at its first letter: tried at each, a line of n letters would take n² steps. */
const LABEL = /\b(\w+)="((?:[^"\\]|\\.)*)"/g;

/**
 * The samples of a page that have labels, of these series alone. Pure.
 *
 * @param wanted names of series
 */
export function* samplesOf(page: string, wanted: ReadonlySet<string>): Generator<Sample> {
  for (const line of linesOf(page)) {
    const brace = line.indexOf("{");
    const series = line.slice(0, Math.max(0, brace));
    if (line.length > LONGEST_LINE || !wanted.has(series)) continue;
    const [, labelText, printed] = AFTER_SERIES.exec(line.slice(brace)) ?? [];
    if (labelText === undefined || printed === undefined) continue;
    const value = Number(printed);
    // No server has counted as far; what is no number would end whoever sends it on as one.
    if (!(Math.abs(value) < MOST)) continue;
    const labels = new Map([...labelText.matchAll(LABEL)].map(([, name, text]) => [name ?? "", unescape(text ?? "")]));
    yield { series, labels, value, printed };
  }
}

/** One line after the other: a list of all of them would take many times a page of empty ones. */
function* linesOf(page: string): Generator<string> {
  for (let from = 0; from <= page.length;) {
    const end = page.indexOf("\n", from);
    yield page.slice(from, end < 0 ? page.length : end);
    if (end < 0) return;
    from = end + 1;
  }
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
}

/** The last digit's step of a printed number, where servers print six digits of large ones: 1.23457e+09 is good to 10,000. */
export function stepOf(printed: string): number {
  const value = Math.abs(Number(printed));
  const digits = printed.replace(/e.*$/i, "").replace(/\D/g, "").replace(/^0+/, "").length;
  if (value < 1e6 || digits > 6) return 1;
  return 10 ** (Math.floor(Math.log10(value)) - 5);
}
