import type { Api } from "../client.ts";
import { grpcJsClient } from "./grpc-js.ts";
import { probeClient } from "./grpc-probe.ts";
import { serverTotals } from "./metrics.ts";
import { restClient } from "./rest.ts";
import { DEFAULT_WINDOWS, GRPC_TRANSPORT, HTTP_TRANSPORT } from "../transport/settings.ts";

const NAME = "tf-serving";
const GRPC = { api: NAME, protocol: "grpc", input: "pixels" } as const;
const REST = { api: NAME, protocol: "rest", transport: HTTP_TRANSPORT } as const;

/** TF Serving's predict API, over gRPC and REST. */
export const tfServingApi: Api = {
  name: NAME,
  clients: [
    {
      name: "probe",
      ...GRPC,
      isDefault: true,
      about: "gRPC with as little of a client as can be: what protocol and server cost",
      transport: GRPC_TRANSPORT,
      create: probeClient,
    },
    {
      name: "probe-64k",
      ...GRPC,
      isDefault: false,
      about: "probe with HTTP/2's default windows of 64 KiB for answers: what they cost over a distance",
      transport: { ...GRPC_TRANSPORT, ...DEFAULT_WINDOWS },
      create: (address, port, security) => probeClient(address, port, security, DEFAULT_WINDOWS),
    },
    {
      name: "grpc-js",
      ...GRPC,
      isDefault: false,
      about: "gRPC as a Node application has it: @grpc/grpc-js with @grpc/proto-loader",
      // It asks for nothing by itself.
      transport: DEFAULT_WINDOWS,
      create: grpcJsClient,
    },
    {
      name: "rest",
      ...REST,
      input: "pixels",
      isDefault: true,
      about: "REST with the pixels as nested JSON lists, as the paper's client sends them",
      create: (address, port, security) => restClient(address, port, "serving_default", security),
    },
    {
      name: "rest-b64",
      ...REST,
      input: "file",
      isDefault: false,
      about: "REST with the JPEG as base64, for models that have the signature serving_bytes",
      create: (address, port, security) => restClient(address, port, "serving_bytes", security),
    },
  ],
  metrics: serverTotals,
};
