import { describe, expect, it } from "vitest";
import { fuzz, nearText } from "../../lib/testing/fuzz.ts";
import { serverTotals } from "./metrics.ts";

/** As TF Serving 2.14 prints it; some other series and buckets between. */
const page = (count: number, sum: string) => `# TYPE :tensorflow:serving:request_count counter
:tensorflow:serving:request_count{model_name="ssd",status="OK"} ${count}
# TYPE :tensorflow:serving:request_latency histogram
:tensorflow:serving:request_latency_bucket{model_name="ssd",API="Predict",entrypoint="GRPC",le="10"} 0
:tensorflow:serving:request_latency_bucket{model_name="ssd",API="Predict",entrypoint="GRPC",le="+Inf"} ${count}
:tensorflow:serving:request_latency_sum{model_name="ssd",API="Predict",entrypoint="GRPC"} ${sum}
:tensorflow:serving:request_latency_count{model_name="ssd",API="Predict",entrypoint="GRPC"} ${count}
:tensorflow:serving:request_latency_sum{model_name="ssd",API="predict",entrypoint="REST"} 5000
:tensorflow:serving:request_latency_count{model_name="ssd",API="predict",entrypoint="REST"} 2
:tensorflow:serving:request_latency_sum{model_name="ssd",API="Classify",entrypoint="GRPC"} 77000
:tensorflow:serving:request_latency_count{model_name="ssd",API="Classify",entrypoint="GRPC"} 1
:tensorflow:serving:request_latency_sum{model_name="a \\"b\\" \\\\",API="Predict",entrypoint="GRPC"} 9000
:tensorflow:serving:request_latency_count{model_name="a \\"b\\" \\\\",API="Predict",entrypoint="GRPC"} 3
:tensorflow:serving:runtime_latency_sum{model_name="ssd",API="Predict",runtime="TF1"} 4.5e+06
:tensorflow:serving:runtime_latency_count{model_name="ssd",API="Predict",runtime="TF1"} 12
:tensorflow:core:graph_runs{} 12
`;

describe("a server's page of metrics", () => {
  it("tells each model's predict requests by protocol, and its runs", () => {
    expect(serverTotals(page(10, "123456"), "ssd", "grpc")).toEqual({
      requests: { count: 10, sumMs: 123.456, stepMs: 0.001 },
      runs: { count: 12, sumMs: 4500, stepMs: 0.01 },
    });
    expect(serverTotals(page(10, "1"), "ssd", "rest").requests).toMatchObject({ count: 2, sumMs: 5 });
    expect(serverTotals(page(10, "1"), 'a "b" \\', "grpc").requests).toMatchObject({ count: 3, sumMs: 9 });
  });

  it("has nothing yet of a model that was not asked, and nothing at all where it is another page", () => {
    const nothing = { count: 0, sumMs: 0, stepMs: 0 };
    expect(serverTotals(page(10, "1"), "null", "grpc")).toEqual({ requests: nothing, runs: nothing });
    expect(serverTotals("<html>not found</html>", "ssd", "grpc")).toEqual({ requests: nothing, runs: nothing });
  });

  it("with any faults gives numbers, and in nothing else than in what it says of this model", () => {
    const totals = (text: string) => {
      const { requests, runs } = serverTotals(text, "ssd", "grpc");
      return [requests, runs].flatMap((t) => [t.count, t.sumMs, t.stepMs]);
    };
    fuzz(1, nearText([page(10, "123456"), page(3, "NaN"), page(3, "+Inf"), page(3, "1e400")]), (text) => {
      for (const value of totals(text)) expect(Number.isFinite(value)).toBe(true);
    });
    expect(totals(page(10, "NaN")).slice(0, 3)).toEqual([10, 0, 0]);
  });

  it("prints large sums with six digits: what is known of a difference is told with it", () => {
    const requests = (sum: string) => serverTotals(page(10, sum), "ssd", "grpc").requests;
    expect(requests("1.23456e+09")).toEqual({ count: 10, sumMs: 1_234_560, stepMs: 10 });
    expect(requests("1.23471e+09").sumMs - requests("1.23456e+09").sumMs).toBeCloseTo(150, 6);
  });
});
