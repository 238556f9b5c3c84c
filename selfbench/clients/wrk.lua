-- For wrk: posts the file named in LATHE_BODY, and prints what it measured as one line of JSON at the end.
local file = assert(io.open(os.getenv("LATHE_BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
file:close()

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\nLATHE {"calls":%d,"bytes":%d,"errors":%d,"p50Ms":%f,"p90Ms":%f,"p99Ms":%f}\n',
    summary.requests, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(90) / 1000, latency:percentile(99) / 1000))
end
