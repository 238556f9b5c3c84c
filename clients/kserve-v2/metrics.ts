import type { ServerTotals, Total } from "../client.ts";
import { samplesOf, stepOf } from "../prometheus.ts";

const [COUNT, WHOLE, RUN, QUEUE] = [
  "nv_inference_request_success",
  "nv_inference_request_duration_us",
  "nv_inference_compute_infer_duration_us",
  "nv_inference_queue_duration_us",
] as const;
const WANTED: ReadonlySet<string> = new Set([COUNT, WHOLE, RUN, QUEUE]);
type Three = [Total, Total, Total];
const NOTHING: Total = { count: 0, sumMs: 0, stepMs: 0 };

/**
 * The totals of one model, all its versions together, from Triton's page of metrics (Prometheus' text form): whole requests from
 * their arrival at its scheduler, waiting included, the waiting by itself, and the model's own runs. Triton does not tell protocols apart: they are all
 * requests since its start. Requests of one batch each count its whole run. Zero where it had none yet.
 */
export function serverTotals(page: string, model: string): ServerTotals {
  let [requests, runs, queue] = [NOTHING, NOTHING, NOTHING];
  let queues = false;
  for (const { series, labels, value, printed } of samplesOf(page, WANTED)) {
    if (labels.get("model") !== model) continue;
    const time = (to: Total): Total => ({
      ...{ count: to.count, sumMs: to.sumMs + value / 1000 },
      stepMs: to.stepMs + stepOf(printed) / 1000,
    });
    if (series === COUNT)
      [requests, runs, queue] = [requests, runs, queue].map((to) => ({ ...to, count: to.count + value })) as Three;
    else if (series === WHOLE) requests = time(requests);
    else if (series === QUEUE) [queue, queues] = [time(queue), true];
    else runs = time(runs);
  }
  return { requests, runs, ...(queues && { queue }) };
}
