import type { Api, ClientKind } from "../client.ts";
import { encodeFile, encodeJson, encodeNpy } from "./bodies.ts";
import { predictionsClient } from "./grpc.ts";
import { restClient } from "./rest.ts";
import { GRPC_TRANSPORT, HTTP_TRANSPORT } from "../transport/settings.ts";

const NAME = "torchserve";
const of = (protocol: string, input: ClientKind["input"], isDefault: boolean) => ({
  api: NAME,
  protocol,
  input,
  isDefault,
  transport: protocol === "grpc" ? GRPC_TRANSPORT : HTTP_TRANSPORT,
});

/** TorchServe's inference API, over gRPC and REST, as Lathe's handler reads and answers it (models/convert/to_torch). */
export const torchserveApi: Api = {
  name: NAME,
  clients: [
    {
      name: "torchserve-grpc",
      ...of("grpc", "pixels", true),
      about: "TorchServe's gRPC with the pixels as they are",
      create: (address, port, security) => predictionsClient(address, port, encodeNpy, security),
    },
    {
      name: "torchserve-grpc-file",
      ...of("grpc", "file", false),
      about: "TorchServe's gRPC with the JPEG as it is",
      create: (address, port, security) => predictionsClient(address, port, encodeFile, security),
    },
    {
      name: "torchserve-rest",
      ...of("rest", "file", true),
      about: "TorchServe's REST with the JPEG as it is, as its examples send it",
      create: (address, port, security) => restClient(address, port, encodeFile, security),
    },
    {
      name: "torchserve-rest-pixels",
      ...of("rest", "pixels", false),
      about: "TorchServe's REST with the pixels as they are",
      create: (address, port, security) => restClient(address, port, encodeNpy, security),
    },
    {
      name: "torchserve-rest-json",
      ...of("rest", "pixels", false),
      about: "TorchServe's REST with the pixels as nested JSON lists",
      create: (address, port, security) => restClient(address, port, encodeJson, security, "application/json"),
    },
  ],
};
