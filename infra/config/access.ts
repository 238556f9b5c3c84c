import type { Fault } from "../../lib/errors.ts";
import type { ServerValues } from "./keys.ts";
import { STACK, type Places } from "./places.ts";
import type { DeployedAccess } from "../outputs-access.ts";

/** What a stack's config says of who may reach its server, and how. */
export interface AccessConfig {
  readonly expose: DeployedAccess["expose"];
  /** What endpoints that know TLS have of it. */
  readonly tls: "off" | "server" | "mutual";
  readonly rest: "open" | "token" | "off";
  /** Image of REST's proxy. */
  readonly proxyImage: string;
  /** Addresses, networks and host names; empty: no firewall rules. */
  readonly allowFrom: readonly string[];
  /** Whom the container runs as. */
  readonly user: "unprivileged" | "image";
}

/** The long-lived release that Docker Hub's official image has. */
const DEFAULT_PROXY = "haproxy:2.8";

/**
 * A server's config about access, defaults filled in; faults of keys that do not go together are added to `faults`.
 *
 * @param places where `allowFrom` was set
 */
export function accessConfig(values: ServerValues, faults: Fault[], places: Places = STACK): AccessConfig {
  const tls = values.tls ?? "off";
  const allowFrom = values.allowFrom ?? [];
  if (values.expose === "tunnel" && allowFrom.length > 0) {
    faults.push({
      what: `${places.of("allowFrom")}: nobody can be let in where ports are on loopback (lathe:expose tunnel)`,
      fix: `${places.remove("allowFrom")}, or ${places.set("expose", "address")}`,
    });
  }
  return {
    expose: values.expose ?? "address",
    tls,
    // Whoever locks one door does not mean the other to stand open.
    rest: values.rest ?? (tls === "off" ? "open" : "off"),
    proxyImage: values.proxyImage ?? DEFAULT_PROXY,
    allowFrom,
    user: values.user ?? "unprivileged",
  };
}
