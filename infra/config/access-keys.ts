import { z } from "zod";
import { isNetwork } from "./networks.ts";
import { imageReference, type ConfigKey } from "./key.ts";

/** The config keys about who may reach a server, and how. Part of `SERVER_KEYS`. */
export const ACCESS_KEYS = {
  expose: {
    form: "text",
    schema: z.enum(["address", "everywhere", "tunnel"], { error: "address, everywhere or tunnel" }),
    help:
      "What the server's ports are bound to. address: loopback, and the machine's own address behind `lathe:address` " +
      "(behind NAT: the one at which SSH arrives). everywhere: every interface, for a machine whose address changes. " +
      "tunnel: loopback alone. Gate and bench then come through SSH; remote cells are measured through two SSH connections " +
      "and the machine that runs the bench, and the tables say so. With tunnel, a Docker engine older than 28 needs firewall " +
      "rules to keep neighbours out, as for `lathe:allowFrom` (docs/trust.md). If Lathe may set them, it does, and the server " +
      "does not start at boot; if not, `up` warns.",
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
      "Addresses, networks (CIDR) and hosts (as `ssh` knows them) that may reach the server; the machine's firewall refuses " +
      "everyone else. The rules (iptables, in a chain of this server alone, tagged with the stack) need root there, or sudo " +
      "without a password; `down` removes them. After a reboot or a crash the server stays down until `up --refresh` has set " +
      "them again. If something else removes them, the next `up` sets them again. The machine itself may always reach it. " +
      "Gate and bench come through SSH or from the client machines, so name the client machines here.",
    otherwise: "no firewall rules",
    example: ["allowFrom[0]", "192.0.2.10"],
  },
  tls: {
    form: "text",
    schema: z.enum(["off", "server", "mutual"], { error: "off, server or mutual" }),
    help:
      "gRPC unencrypted (off), by TLS (server), or by TLS that admits only clients with a certificate (mutual). The stack " +
      "makes the certificates (valid for ten years, with a CA for this server alone). Keys are encrypted in the state; on the " +
      "machine only the server can read them. `pulumi stack output latheSecrets --show-secrets` has what other clients need. " +
      "To make new ones: `pulumi up --replace URN`, with the URN of the server's Stash (`pulumi stack -u`). Encryption is " +
      "then part of what is measured.",
    otherwise: "off, as in the paper",
    example: ["tls", "mutual"],
  },
  rest: {
    form: "text",
    schema: z.enum(["open", "token", "off"], { error: "open, token or off" }),
    help:
      "open: REST is unencrypted, for everyone who reaches the port. token: REST is by TLS, and only for those who send the " +
      "stack's token as `Authorization: Bearer …`; a small proxy (HAProxy, `lathe:proxyImage`) in front of the server checks " +
      "it, and its time is part of what is measured. off: the port is closed.",
    otherwise: "open; off if `lathe:tls` is set",
    example: ["rest", "off"],
  },
  proxyImage: {
    form: "text",
    schema: imageReference,
    help: "Image with HAProxy 2.4 or newer, for `lathe:rest token`. Each `up` resolves a tag to its digest.",
    otherwise: "haproxy:2.8",
    example: ["proxyImage", "haproxy@sha256:…"],
  },
  user: {
    form: "text",
    schema: z.enum(["unprivileged", "image"], { error: "unprivileged or image" }),
    help: "The user that the container runs as. unprivileged: the SSH user (65532 if that is root). image: the image's own.",
    otherwise: "unprivileged",
    example: ["user", "image"],
  },
} as const satisfies Record<string, ConfigKey>;
