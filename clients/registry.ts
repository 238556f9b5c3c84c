import { UserError } from "../lib/errors.ts";
import type { Api, ClientKind, Protocol } from "./client.ts";
import { kserveV2Api } from "./kserve-v2/api.ts";
import { openvinoApi } from "./openvino/api.ts";
import { plainRestApi } from "./plain-rest/api.ts";
import { tfServingApi } from "./tf-serving/api.ts";
import { torchserveApi } from "./torchserve/api.ts";

/** Every API there is. A new one is a folder here and a line below. */
export const APIS: readonly Api[] = [tfServingApi, kserveV2Api, openvinoApi, torchserveApi, plainRestApi];

/** Every protocol there is, in the order of tables. A new one is a line here. */
export const PROTOCOLS: readonly Protocol[] = [
  { key: "grpc", title: "gRPC" },
  { key: "rest", title: "REST" },
];

/** Every client kind there is, those of one API together. */
export const clientKinds: readonly ClientKind[] = APIS.flatMap((api) => api.clients);

/** What readers call a protocol: its key, where it is of a newer Lathe. */
export function protocolTitle(key: string, protocols: readonly Protocol[] = PROTOCOLS): string {
  return protocols.find((p) => p.key === key)?.title ?? key;
}

/** The API of a name; undefined where it is of a newer Lathe. */
export function apiNamed(name: string, apis: readonly Api[] = APIS): Api | undefined {
  return apis.find((api) => api.name === name);
}

/** The client kind of a name. Throws UserError that lists the names there are. */
export function clientKind(name: string, kinds: readonly ClientKind[] = clientKinds): ClientKind {
  const kind = kinds.find((k) => k.name === name);
  if (kind !== undefined) return kind;
  throw new UserError({
    what: `client "${name}" is unknown`,
    expected: `one of ${kinds.map((k) => k.name).join(", ")}`,
  });
}
