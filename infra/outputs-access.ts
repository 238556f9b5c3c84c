import { z } from "zod";

/** What a stack promises of who may reach its server: part of a server's outputs. Nothing of it is secret. */
export const DeployedAccess = z.object({
  /** The stack whose output `latheSecrets` has what clients need. */
  stack: z.string().min(1),
  expose: z.enum(["address", "everywhere", "tunnel"]),
  /** Addresses and networks that the host's firewall lets in; empty: it lets in nobody else, or has no rule. */
  allowFrom: z.array(z.string()),
  /** Signs the server's certificate, PEM; absent where no endpoint has one. */
  ca: z.string().optional(),
  /** The name in it that clients check. */
  serverName: z.string().optional(),
});
export type DeployedAccess = z.infer<typeof DeployedAccess>;

/** What clients of one server need to be let in. */
export const ServerSecrets = z.object({
  /** The server's id. */
  server: z.string().min(1),
  clientCert: z.string(),
  clientKey: z.string(),
  token: z.string(),
});
export type ServerSecrets = z.infer<typeof ServerSecrets>;

/** The stack output `latheSecrets`, encrypted in the state: there where a server has secrets. */
export const StackSecrets = z.object({ schema: z.literal("lathe.secrets/2"), servers: z.array(ServerSecrets).min(1) });
export type StackSecrets = z.infer<typeof StackSecrets>;
