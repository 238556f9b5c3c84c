import type { Api, ClientKind } from "../client.ts";
import { encodeFile, encodeNpy } from "./bodies.ts";
import { grpcClient } from "./grpc.ts";
import { restClient } from "./rest.ts";

const NAME = "torchserve";

/** One of the bodies that the handler takes, over REST: what it carries, and whether it is the default. */
const rest = (name: string, input: ClientKind["input"], about: string, create: ClientKind["create"]): ClientKind => ({
  ...{ name, api: NAME, protocol: "rest", input, isDefault: input === "file", about, create },
});
const grpc = (name: string, input: ClientKind["input"], about: string, create: ClientKind["create"]): ClientKind => ({
  ...{ name, api: NAME, protocol: "grpc", input, isDefault: input === "pixels", about, create },
});

/** TorchServe's inference API, over gRPC and REST; the answer is the JSON of Lathe's own handler (models/convert/to_torch). */
export const torchserveApi: Api = {
  name: NAME,
  clients: [
    grpc("torchserve-grpc", "pixels", "gRPC with the pixels as they are (NumPy's file form)", (address, port, security) =>
      grpcClient(address, port, encodeNpy, security),
    ),
    grpc("torchserve-grpc-file", "file", "gRPC with the JPEG as it is", (address, port, security) =>
      grpcClient(address, port, encodeFile, security),
    ),
    rest("torchserve-rest", "file", "REST with the JPEG as it is, as TorchServe's examples send it", (address, port, security) =>
      restClient(address, port, encodeFile, security),
    ),
    rest("torchserve-rest-pixels", "pixels", "REST with the pixels as they are (NumPy's file form)", (address, port, security) =>
      restClient(address, port, encodeNpy, security),
    ),
  ],
};
