import { z } from "zod";

/**
 * What a client needs to reach a protected port, all PEM. With it the connection is TLS, and the server's certificate must
 * be signed by `ca` and be for `serverName`, by whatever address or tunnel it is reached. Held in memory and sent over
 * SSH's standard input only: never written to records.
 */
export const Security = z.object({
  ca: z.string().min(1),
  serverName: z.string().min(1),
  /** The client's own certificate and key, where the server asks for them (mutual TLS). */
  cert: z.string().optional(),
  key: z.string().optional(),
  /** Sent as `authorization: Bearer …`, where a proxy in front of REST asks for it. */
  token: z.string().optional(),
});
export type Security = z.infer<typeof Security>;
