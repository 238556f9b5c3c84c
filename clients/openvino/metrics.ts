import type { ServerTotals, Total } from "../client.ts";
import { samplesOf, stepOf } from "../prometheus.ts";

const [REQUEST, RUN] = ["ovms_request_time_us", "ovms_inference_time_us"] as const;
const WANTED: ReadonlySet<string> = new Set([REQUEST, RUN].flatMap((series) => [`${series}_sum`, `${series}_count`]));
const NOTHING: Total = { count: 0, sumMs: 0, stepMs: 0 };

/**
 * The totals of one model over one protocol, all its versions and both APIs together, from OpenVINO Model Server's page of metrics
 * (Prometheus' text form): whole requests, and OpenVINO's own runs whatever protocol asked for them. Zero where it had none yet.
 */
export function serverTotals(page: string, model: string, protocol: string): ServerTotals {
  let [requests, runs] = [NOTHING, NOTHING];
  for (const { series, labels, value, printed } of samplesOf(page, WANTED)) {
    if (labels.get("name") !== model) continue;
    const add = (to: Total): Total =>
      series.endsWith("_count")
        ? { ...to, count: to.count + value }
        : { ...to, sumMs: to.sumMs + value / 1000, stepMs: to.stepMs + stepOf(printed) / 1000 };
    if (series.startsWith(RUN)) runs = add(runs);
    else if (labels.get("interface")?.toLowerCase() === protocol) requests = add(requests);
  }
  return { requests, runs };
}
