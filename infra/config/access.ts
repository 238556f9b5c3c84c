import type { Fault } from "../../lib/errors.ts";
import type { ConfigValues } from "./keys.ts";
import type { DeployedAccess } from "../outputs-access.ts";

/** What a stack's config says of who may reach its server, and how. */
export interface AccessConfig {
  readonly expose: DeployedAccess["expose"];
  readonly tls: DeployedAccess["tls"];
  readonly rest: DeployedAccess["rest"];
  /** Image of REST's proxy. */
  readonly proxyImage: string;
  /** Addresses, networks and host names; empty: no firewall rules. */
  readonly allowFrom: readonly string[];
  /** Whom the container runs as. */
  readonly user: "unprivileged" | "image";
}

/** The long-lived release that Docker Hub's official image has. */
const DEFAULT_PROXY = "haproxy:2.8";

/** The config's part about access, defaults filled in; faults of keys that do not go together are added to `faults`. */
export function accessConfig(values: ConfigValues, faults: Fault[]): AccessConfig {
  const tls = values.tls ?? "off";
  const allowFrom = values.allowFrom ?? [];
  if (values.expose === "tunnel" && allowFrom.length > 0) {
    faults.push({
      what: "lathe:allowFrom: nobody can be let in where ports are on loopback (lathe:expose tunnel)",
      fix: "pulumi config rm lathe:allowFrom, or pulumi config set lathe:expose address",
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
