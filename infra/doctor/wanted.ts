import { UserError } from "../../lib/errors.ts";
import { unknownName } from "../config/faults.ts";
import type { ServerKind } from "../servers/kind.ts";
import { serverKind, serverKindNames } from "../servers/registry.ts";
import type { WantedPort } from "./checks.ts";

/** The kind of server that a stack gets which names none. */
export const DEFAULT_SERVER = serverKindNames[0] ?? "";

/** The server kind of a name. @throws UserError where there is none */
export function kindNamed(name: string): ServerKind {
  if (serverKindNames.includes(name)) return serverKind(name);
  throw new UserError(unknownName("--server", name, serverKindNames, "npm run doctor -- --help"));
}

/**
 * The ports that a server of a kind will have: `grpc=9500,rest=9501`, and the kind's own where none is named. Pure.
 *
 * @throws UserError where one is of no endpoint, or no port
 */
export function portsFor(kind: Pick<ServerKind, "name" | "endpoints">, list = ""): WantedPort[] {
  const protocols = kind.endpoints.map(({ protocol }) => protocol);
  const named = new Map<string, number>();
  for (const entry of list.split(",").filter((part) => part !== "")) {
    const [, protocol = "", port = ""] = /^([^=]+)=(\d{1,5})$/.exec(entry.trim()) ?? [];
    if (!protocols.includes(protocol) || named.has(protocol) || Number(port) < 1 || Number(port) > 65535)
      throw new UserError({
        what: `--ports: "${entry}"`,
        expected: `PROTOCOL=PORT, with ${protocols.join(" or ")} once each, and a port from 1 to 65535`,
      });
    named.set(protocol, Number(port));
  }
  return kind.endpoints.map(({ protocol, defaultPort }) => ({ protocol, port: named.get(protocol) ?? defaultPort }));
}
