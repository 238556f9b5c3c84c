/** What a stack's config says of who may reach a server, and how; defaults filled in. */
export interface AccessConfig {
  /** Who reaches its ports: whoever reaches the machine's address, every interface, or nobody but the machine. */
  readonly expose: "address" | "everywhere" | "tunnel";
  /** For endpoints that speak TLS. */
  readonly tls: "off" | "server" | "mutual";
  readonly rest: "open" | "token" | "off";
  /** Image of REST's proxy. */
  readonly proxyImage: string;
  /** Addresses, networks and host names; empty: no firewall rules. */
  readonly allowFrom: readonly string[];
  /** Whom the container runs as. */
  readonly user: "unprivileged" | "image";
}
