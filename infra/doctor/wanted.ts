import { UserError } from "../../lib/errors.ts";
import { unknownName } from "../config/faults.ts";
import { imageReference } from "../config/key.ts";
import type { ServerKind } from "../servers/kind.ts";
import { defaultServerKind, serverKind, serverKindNames } from "../servers/registry.ts";
import type { WantedPort } from "./findings.ts";

/**
 * What is to be deployed, as a person names it.
 *
 * @param name a server kind; absent: that of a stack that names none
 * @throws UserError if there is no such kind, or `ports` are not its own
 */
export function wantedServer(
  name = defaultServerKind.name,
  ports?: string,
  workspace = ".lathe/PROJECT-STACK",
): { kind: ServerKind; ports: WantedPort[]; workspace: string } {
  if (!serverKindNames.includes(name))
    throw new UserError(unknownName("--server", name, serverKindNames, "npx lathe doctor --help"));
  const kind = serverKind(name);
  return { kind, ports: portsFor(kind, ports), workspace };
}

/**
 * The ports that a server of a kind will have: `grpc=9500,rest=9501`, and the kind's own where none is named. Pure.
 *
 * @throws UserError if one is of no endpoint, or no port
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

/** The name of an image. @throws UserError if no image can have it */
export function readImage(name: string): string {
  if (imageReference.safeParse(name).success) return name;
  throw new UserError({
    what: `--image: "${name}"`,
    expected: "an image's name, as lathe:image has it: NAME, NAME:TAG, NAME@sha256:…",
  });
}
