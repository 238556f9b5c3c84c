import type { ServerTotals, Total } from "../client.ts";
import { samplesOf, stepOf } from "../prometheus.ts";

const [REQUEST, RUN, QUEUE] = [
  "ovms_request_time_us",
  "ovms_inference_time_us",
  "ovms_wait_for_infer_req_time_us",
] as const;
const WANTED: ReadonlySet<string> = new Set(
  [REQUEST, RUN, QUEUE].flatMap((series) => [`${series}_sum`, `${series}_count`]),
);
const NOTHING: Total = { count: 0, sumMs: 0, stepMs: 0 };

/**
 * The totals of one model over one protocol, all its versions and both APIs together, from OpenVINO Model Server's page of metrics
 * (Prometheus' text form): whole requests, and OpenVINO's own runs and the waiting for one, whatever protocol asked for them. Zero where it had none yet.
 */
export function serverTotals(page: string, model: string, protocol: string): ServerTotals {
  let [requests, runs] = [NOTHING, NOTHING];
  let queue: Total | undefined;
  for (const { series, labels, value, printed } of samplesOf(page, WANTED)) {
    if (labels.get("name") !== model) continue;
    const add = (to: Total): Total =>
      series.endsWith("_count")
        ? { ...to, count: to.count + value }
        : { ...to, sumMs: to.sumMs + value / 1000, stepMs: to.stepMs + stepOf(printed) / 1000 };
    if (series.startsWith(RUN)) runs = add(runs);
    else if (series.startsWith(QUEUE)) queue = add(queue ?? NOTHING);
    else if (labels.get("interface")?.toLowerCase() === protocol) requests = add(requests);
  }
  return { requests, runs, ...(queue && { queue }) };
}
