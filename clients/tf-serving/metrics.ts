import type { ServerTotals, Total } from "../client.ts";
import { samplesOf, stepOf } from "../prometheus.ts";

const SERIES = ["request_latency_sum", "request_latency_count", "runtime_latency_sum", "runtime_latency_count"];
const WANTED: ReadonlySet<string> = new Set(SERIES.map((name) => `:tensorflow:serving:${name}`));
const NOTHING: Total = { count: 0, sumMs: 0, stepMs: 0 };

/**
 * The totals of one model's predict requests over one protocol, from TF Serving's page of metrics (Prometheus' text form). Zero
 * where it had none yet.
 */
export function serverTotals(page: string, model: string, protocol: string): ServerTotals {
  let [requests, runs] = [NOTHING, NOTHING];
  for (const { series, labels, value, printed } of samplesOf(page, WANTED)) {
    // The two entry points write the method's name in two ways.
    if (labels.get("model_name") !== model || labels.get("API")?.toLowerCase() !== "predict") continue;
    const ofRequest = series.includes(":request_");
    if (ofRequest && labels.get("entrypoint")?.toLowerCase() !== protocol) continue;
    const add = (to: Total): Total =>
      series.endsWith("_count")
        ? { ...to, count: to.count + value }
        : { ...to, sumMs: to.sumMs + value / 1000, stepMs: to.stepMs + stepOf(printed) / 1000 };
    if (ofRequest) requests = add(requests);
    else runs = add(runs);
  }
  return { requests, runs };
}
