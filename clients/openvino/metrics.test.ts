import { expect, it } from "vitest";
import { serverTotals } from "./metrics.ts";

const PAGE = `# TYPE ovms_request_time_us histogram
ovms_request_time_us_count{interface="gRPC",name="ssd",version="1"} 3
ovms_request_time_us_sum{interface="gRPC",name="ssd",version="1"} 6000
ovms_request_time_us_bucket{interface="gRPC",name="ssd",version="1",le="10"} 1
ovms_request_time_us_count{interface="gRPC",name="ssd",version="2"} 1
ovms_request_time_us_sum{interface="gRPC",name="ssd",version="2"} 1000
ovms_request_time_us_count{interface="REST",name="ssd",version="1"} 5
ovms_request_time_us_sum{interface="REST",name="ssd",version="1"} 50000
ovms_inference_time_us_count{name="ssd",version="1"} 8
ovms_inference_time_us_sum{name="ssd",version="1"} 1.23457e+07
ovms_inference_time_us_count{name="other",version="1"} 100
ovms_streams{name="ssd",version="1"} 1
`;

it("a model's requests are those of a protocol, over all its versions, and its runs those of any", () => {
  expect(serverTotals(PAGE, "ssd", "grpc").requests).toMatchObject({ count: 4, sumMs: 7 });
  expect(serverTotals(PAGE, "ssd", "rest").requests).toMatchObject({ count: 5, sumMs: 50 });
  // The printed sum has six digits: it is good to 100 µs.
  expect(serverTotals(PAGE, "ssd", "rest").runs).toEqual({ count: 8, sumMs: 12345.7, stepMs: 0.1 });
});

it("what a page does not tell of is zero, whatever the page is", () => {
  const nothing = { count: 0, sumMs: 0, stepMs: 0 };
  for (const page of ["", "ovms_request_time_us_count{", `ovms_request_time_us_count{name="zz"} NaN`, PAGE])
    expect(serverTotals(page, "zz", "grpc")).toEqual({ requests: nothing, runs: nothing });
});
