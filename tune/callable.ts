import { clientKinds } from "../clients/registry.ts";
import type { ClientKind } from "../clients/client.ts";
import { isOffered } from "../bench/matrix/cells.ts";
import type { Server } from "../infra/outputs.ts";
import { UserError } from "../lib/errors.ts";

/** The client kind that calls variants. */
export interface Callable extends Pick<ClientKind, "api" | "protocol" | "input"> {
  readonly client: string;
}

/** The securities of endpoints that a variant has by itself. Tokens are checked by a proxy, which variants do not have; clients' keys are not used. */
const OPEN: readonly string[] = ["none", "tls"];

/**
 * The client kind that calls a server's variants: the named one, otherwise the default of the server's first endpoint. Pure.
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
      what: `--client: "${named}" can call no endpoint of server "${server.id}"`,
      expected: [...new Set(found.map((k) => k.name))].join(", ") || "a client kind of its API",
    });
  throw new UserError({
    what: `server "${server.id}" asks for a token or a client's key ${named === undefined ? "at every endpoint" : `where ${named} calls it`}`,
    expected: "an endpoint without protection, or with TLS alone: variants cannot check tokens and keys",
    fix: "tune before you protect it: npx lathe pulumi config set lathe:tls server, or lathe:rest open",
  });
}
