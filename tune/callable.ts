import { clientKinds } from "../clients/registry.ts";
import type { ClientKind } from "../clients/client.ts";
import { isOffered } from "../bench/matrix/cells.ts";
import type { Server } from "../infra/outputs.ts";
import { UserError } from "../lib/errors.ts";

/** With which client variants are called. */
export interface Callable extends Pick<ClientKind, "api" | "protocol" | "input"> {
  readonly client: string;
}

/** Endpoints at which a variant answers by itself: a token is asked for by a proxy, which variants have none of; keys stay with clients. */
const OPEN: readonly string[] = ["none", "tls"];

/**
 * The client that calls a server's variants: the one that is named, or else the default one of the server's first endpoint. Pure.
 *
 * @throws UserError if the server asks for a token or key wherever it could be called
 */
export function callableOf(server: Pick<Server, "id" | "endpoints">, named: string | undefined): Callable {
  const open = server.endpoints.filter(({ security }) => OPEN.includes(security));
  const fits = (endpoints: Server["endpoints"]) =>
    endpoints.flatMap((endpoint) => clientKinds.filter((kind) => isOffered(kind, { endpoints: [endpoint] })));
  const found = fits(open);
  const kind = named === undefined ? (found.find((k) => k.isDefault) ?? found[0]) : found.find((k) => k.name === named);
  if (kind !== undefined) {
    const { name, api, protocol, input } = kind;
    return { client: name, api, protocol, input };
  }
  if (named !== undefined && !fits(server.endpoints).some((k) => k.name === named))
    throw new UserError({
      what: `--client: no endpoint of server "${server.id}" is for "${named}"`,
      expected: [...new Set(found.map((k) => k.name))].join(", ") || "a client of its API",
    });
  throw new UserError({
    what: `server "${server.id}" asks for a token or a client's key ${named === undefined ? "at every endpoint" : `where ${named} calls it`}`,
    expected: "an endpoint in the clear, or with TLS alone: variants have no token or keys of their own",
    fix: "tune before you protect it: npx lathe pulumi config set lathe:tls server, or lathe:rest open",
  });
}
