import type { ServerTotals, Total } from "../client.ts";

const SERIES = /^:tensorflow:serving:(request|runtime)_latency_(sum|count)\{(.*)\} +(\S+)/;
const MOST = 1e15;
/** A longer line is none of a model's: the pairs of one without end must not fill the memory. */
const LONGEST_LINE = 2 ** 16;
/** A name is tried once, at its first letter: tried at each, a line of n letters would take n² steps. */
const LABEL = /\b(\w+)="((?:[^"\\]|\\.)*)"/g;
const NOTHING: Total = { count: 0, sumMs: 0, stepMs: 0 };

/**
 * The totals of one model's predict requests over one protocol, from TF Serving's page of metrics (Prometheus' text form). Zero
 * where it had none yet.
 */
export function serverTotals(page: string, model: string, protocol: string): ServerTotals {
  let [requests, runs] = [NOTHING, NOTHING];
  for (const line of linesOf(page)) {
    if (line.length > LONGEST_LINE) continue;
    const [, series, kind, labelText, printed] = SERIES.exec(line) ?? [];
    // No server has counted as far; what is no number would end whoever sends it on as one.
    if (labelText === undefined || printed === undefined || !(Math.abs(Number(printed)) < MOST)) continue;
    const labels = new Map([...labelText.matchAll(LABEL)].map(([, name, value]) => [name, unescape(value ?? "")]));
    // The two entry points write the method's name in two ways.
    if (labels.get("model_name") !== model || labels.get("API")?.toLowerCase() !== "predict") continue;
    if (series === "request" && labels.get("entrypoint")?.toLowerCase() !== protocol) continue;
    const add = (to: Total): Total =>
      kind === "count"
        ? { ...to, count: to.count + Number(printed) }
        : { ...to, sumMs: to.sumMs + Number(printed) / 1000, stepMs: to.stepMs + stepOf(printed) / 1000 };
    if (series === "request") requests = add(requests);
    else runs = add(runs);
  }
  return { requests, runs };
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

/** The last digit's step of a printed number. Sums are printed with six digits: 1.23457e+09 is good to 10,000. */
function stepOf(printed: string): number {
  const value = Math.abs(Number(printed));
  const digits = printed.replace(/e.*$/i, "").replace(/\D/g, "").replace(/^0+/, "").length;
  if (value < 1e6 || digits > 6) return 1;
  return 10 ** (Math.floor(Math.log10(value)) - 5);
}
