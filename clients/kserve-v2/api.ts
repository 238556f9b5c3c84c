import type { Api } from "../client.ts";
import { binaryClient, inferClient, jsonClient } from "./clients.ts";
import { serverTotals } from "./metrics.ts";
import { GRPC_TRANSPORT, HTTP_TRANSPORT } from "../transport/settings.ts";

const NAME = "kserve-v2";
const PIXELS = { api: NAME, input: "pixels" } as const;

/** KServe's predict protocol, version 2 (also called the Open Inference Protocol), with Triton's page of metrics. */
export const kserveV2Api: Api = {
  name: NAME,
  clients: [
    {
      ...{ name: "kserve-grpc", ...PIXELS, protocol: "grpc", isDefault: true, transport: GRPC_TRANSPORT },
      about: "KServe v2 over gRPC, tensors as raw bytes",
      create: inferClient,
    },
    {
      ...{ name: "kserve-http", ...PIXELS, protocol: "rest", isDefault: true, transport: HTTP_TRANSPORT },
      about: "KServe v2 over HTTP, tensors as raw bytes behind the JSON",
      create: binaryClient,
    },
    {
      ...{ name: "kserve-json", ...PIXELS, protocol: "rest", isDefault: false, transport: HTTP_TRANSPORT },
      about: "KServe v2 over HTTP, tensors as flat JSON lists",
      create: jsonClient,
    },
  ],
  metrics: serverTotals,
};
