import type { Fault } from "../../lib/errors.ts";
import type { AccessConfig } from "../access/config.ts";
import type { ServerValues } from "./keys.ts";
import { STACK, type Places } from "./places.ts";

/** The long-lived release that Docker Hub's official image has. */
const DEFAULT_PROXY = "haproxy:2.8";

/** A server's config about access, defaults filled in. Faults of keys that do not go together are added to `faults`. */
export function accessConfig(values: ServerValues, faults: Fault[], places: Places = STACK): AccessConfig {
  const tls = values.tls ?? "off";
  const allowFrom = values.allowFrom ?? [];
  if (values.expose === "tunnel" && allowFrom.length > 0) {
    faults.push({
      what: `${places.of("allowFrom")}: with lathe:expose tunnel all ports are on loopback, and nobody can be let in`,
      fix: `${places.remove("allowFrom")}, or ${places.set("expose", "address")}`,
    });
  }
  return {
    expose: values.expose ?? "address",
    tls,
    // Whoever protects gRPC does not mean REST to stay open.
    rest: values.rest ?? (tls === "off" ? "open" : "off"),
    proxyImage: values.proxyImage ?? DEFAULT_PROXY,
    allowFrom,
    user: values.user ?? "unprivileged",
  };
}
