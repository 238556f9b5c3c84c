import { UserError } from "../lib/errors.ts";
import { GrpcJsClient } from "./tf-serving/grpc-js.ts";
import { ProbeClient } from "./tf-serving/grpc-probe.ts";
import { RestClient } from "./tf-serving/rest.ts";
import type { ClientKind } from "./client.ts";

/** Every client there is. A new one is one more line here. */
export const clientKinds: readonly ClientKind[] = [
  {
    name: "probe",
    protocol: "grpc",
    input: "pixels",
    about: "gRPC with as little of a client as can be: what protocol and server cost",
    create: (address, port, security) => new ProbeClient(address, port, security),
  },
  {
    name: "grpc-js",
    protocol: "grpc",
    input: "pixels",
    about: "gRPC as a Node application has it: @grpc/grpc-js with @grpc/proto-loader",
    create: (address, port, security) => new GrpcJsClient(address, port, security),
  },
  {
    name: "rest",
    protocol: "rest",
    input: "pixels",
    about: "REST with the pixels as nested JSON lists, as the paper's client sends them",
    create: (address, port, security) => new RestClient(address, port, "serving_default", security),
  },
  {
    name: "rest-b64",
    protocol: "rest",
    input: "file",
    about: "REST with the JPEG as base64, for models that have the signature serving_bytes",
    create: (address, port, security) => new RestClient(address, port, "serving_bytes", security),
  },
];

/** The client of a name. Throws UserError that lists the names there are. */
export function clientKind(name: string): ClientKind {
  const kind = clientKinds.find((k) => k.name === name);
  if (kind !== undefined) return kind;
  throw new UserError({
    what: `client "${name}" is unknown`,
    expected: `one of ${clientKinds.map((k) => k.name).join(", ")}`,
  });
}
