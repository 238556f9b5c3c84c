import { z } from "zod";
import { isNetwork } from "./networks.ts";
import { imageReference, type ConfigKey } from "./key.ts";

/** The config keys about who may reach a server, and how. Part of `SERVER_KEYS`. */
export const ACCESS_KEYS = {
  expose: {
    form: "text",
    schema: z.enum(["address", "everywhere", "tunnel"], { error: "address, everywhere or tunnel" }),
    help:
      "What the server's ports are bound to. address: loopback and the machine's own address that `lathe:address` stands " +
      "for (behind NAT: the one at which SSH arrives). everywhere: every interface, for a machine whose address changes. " +
      "tunnel: loopback alone; gate and bench come through SSH, and remote cells are then measured through two SSH " +
      "connections and the machine that runs the bench, which the tables say. An engine older than Docker 28 keeps " +
      "neighbours out with firewall rules alone, as `lathe:allowFrom` sets them (docs/trust.md): where Lathe may set them, it " +
      "does, and the server does not start at boot; else `up` warns.",
    otherwise: "address",
    example: ["expose", "tunnel"],
  },
  allowFrom: {
    form: "structured",
    schema: z
      .array(
        z
          .string({ error: "text" })
          .regex(/^[a-zA-Z0-9][^\s]*$|^[0-9a-fA-F]*:[0-9a-fA-F:.]*(\/\d+)?$/, "an address, a network, or a host"),
        {
          error: "a list of addresses, networks (192.0.2.0/24) or hosts",
        },
      )
      .refine((all) => all.every((entry) => !entry.includes("/") || isNetwork(entry)), "networks as 192.0.2.0/24"),
    help:
      "Addresses, networks (CIDR) and hosts (as `ssh` knows them) that the machine's firewall lets at the server; everyone " +
      "else is refused. The rules (iptables, in a chain of this server alone, tagged with the stack) need root there or sudo " +
      "without a password, and go with destroy. After a reboot (or a crash) the server stays down until `pulumi up --refresh` has set them " +
      "again; what is lost otherwise, the next `up` sets again. The machine itself is always let in; gate and bench need no rule of their own, they come through SSH or from " +
      "the client machines.",
    otherwise: "no firewall rules",
    example: ["allowFrom[0]", "192.0.2.10"],
  },
  tls: {
    form: "text",
    schema: z.enum(["off", "server", "mutual"], { error: "off, server or mutual" }),
    help:
      "gRPC in the clear (off), by TLS (server), or by TLS that lets only clients with a certificate in (mutual). The stack " +
      "makes the certificates (ten years, a CA for this server alone); keys are encrypted in the state and on the machine " +
      "readable by the server alone. `pulumi stack output latheSecrets --show-secrets` has what other clients need. New " +
      "ones: `pulumi up --replace URN`, the URN of the server's Stash (`pulumi stack -u`). Encryption is then part of what is measured.",
    otherwise: "off, as in the paper",
    example: ["tls", "mutual"],
  },
  rest: {
    form: "text",
    schema: z.enum(["open", "token", "off"], { error: "open, token or off" }),
    help:
      "REST in the clear for whoever reaches the port (open); by TLS and for those alone who send the stack's token as " +
      "`Authorization: Bearer …` (token); or not at all (off). Where the server's own REST knows neither TLS nor tokens, a " +
      "small proxy (HAProxy, `lathe:proxyImage`) stands in front of it, and its share is part of what is measured.",
    otherwise: "open; off where lathe:tls is set",
    example: ["rest", "off"],
  },
  proxyImage: {
    form: "text",
    schema: imageReference,
    help: "Image with HAProxy 2.4 or newer, for `lathe:rest token`. A tag is resolved to its digest on each `up`.",
    otherwise: "haproxy:2.8",
    example: ["proxyImage", "haproxy@sha256:…"],
  },
  user: {
    form: "text",
    schema: z.enum(["unprivileged", "image"], { error: "unprivileged or image" }),
    help: "Whom the container runs as: the SSH user (65532 where that is root), or whom its image says.",
    otherwise: "unprivileged",
    example: ["user", "image"],
  },
} as const satisfies Record<string, ConfigKey>;
